import type { Token } from 'node-llama-cpp'
import { loadModel } from './llama-model.ts'
import type { GenerateTask, Generation, LlamaProgress } from './protocol.ts'

/**
 * Continues a prompt with the most likely token at each step.
 *
 * @throws QuantaloupeError `MODEL_REFUSED`, `LLAMA_UNAVAILABLE`
 */
export async function generate(
  task: GenerateTask,
  report: (progress: LlamaProgress) => void,
): Promise<Generation> {
  const model = await loadModel(task.modelPath, task.threads)
  const bos = model.tokens.shouldPrependBosToken ? model.tokens.bos : null
  const prompt = [...(bos === null ? [] : [bos]), ...model.tokenize(task.prompt)]
  const context = await model.createContext({
    contextSize: prompt.length + task.tokens + 1,
    threads: task.threads,
    flashAttention: false,
  })
  const produced: Token[] = []
  const startedMs = performance.now()
  for await (const token of context.getSequence().evaluate(prompt, { temperature: 0 })) {
    produced.push(token)
    report({ done: produced.length, total: task.tokens })
    if (produced.length >= task.tokens) break
  }
  const seconds = (performance.now() - startedMs) / 1000
  const text = model.detokenize(produced, false, prompt)
  return { text, tokens: produced.length, tokensPerSecond: produced.length / seconds }
}
