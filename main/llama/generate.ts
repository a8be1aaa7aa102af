import { QuantaloupeError } from '../engine/errors.ts'
import { createContext, type LlamaContext } from './library/context.ts'
import { loadModel } from './library/model.ts'
import type { GenerateTask, Generation, LlamaProgress } from './protocol.ts'
import { batchSize } from './scoring/batches.ts'
import { indexOfLargest } from './scoring/distributions.ts'

/**
 * Continues a prompt with the most likely token at each step.
 *
 * @throws QuantaloupeError `TEXT_TOO_SHORT`, `MODEL_REFUSED`, `LLAMA_UNAVAILABLE`
 */
export async function generate(
  task: GenerateTask,
  report: (progress: LlamaProgress) => void,
): Promise<Generation> {
  const model = await loadModel(task.modelPath)
  const prompt = model.tokenize(task.prompt)
  if (prompt.length === 0) throw new QuantaloupeError('TEXT_TOO_SHORT', 'The prompt has no tokens')
  const positions = prompt.length + task.tokens
  const batch = batchSize(positions, model.vocabulary)
  const context = await createContext(model, { positions, batch, threads: task.threads })
  const produced: number[] = []
  const startedMs = performance.now()
  let next = await readPrompt(context, prompt, batch)
  while (produced.length < task.tokens && !model.endsGeneration(next)) {
    produced.push(next)
    report({ done: produced.length, total: task.tokens })
    next = await readLast(context, Int32Array.of(next))
  }
  const seconds = (performance.now() - startedMs) / 1000
  const text = model.detokenize(Int32Array.from(produced))
  context.free()
  model.free()
  return { text, tokens: produced.length, tokensPerSecond: produced.length / seconds }
}

/** The most likely token behind a prompt. */
async function readPrompt(context: LlamaContext, prompt: Int32Array, batch: number): Promise<number> {
  let next = 0
  for (let start = 0; start < prompt.length; start += batch) {
    next = await readLast(context, prompt.subarray(start, start + batch))
  }
  return next
}

async function readLast(context: LlamaContext, tokens: Int32Array): Promise<number> {
  await context.read(tokens, tokens.length - 1)
  return indexOfLargest(context.row(0))
}
