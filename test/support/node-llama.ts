import { getLlama, LlamaLogLevel, type Token } from 'node-llama-cpp'

/**
 * A model's logits at positions of a chunk by way of node-llama-cpp's own interface: another binding of llama.cpp,
 * sorted maps of the vocabulary. The text is cut as for a comparison: BOS is the first token.
 *
 * @returns f32[vocabulary] per position, and the tokens of the chunk
 */
export async function logitsByNodeLlama(
  path: string,
  text: string,
  length: number,
  positions: readonly number[],
) {
  const llama = await getLlama({
    build: 'never',
    skipDownload: true,
    gpu: false,
    maxThreads: 1,
    logLevel: LlamaLogLevel.error,
  })
  const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 })
  const tokens = [model.tokens.bos as Token, ...model.tokenize(text)].slice(0, length)
  const context = await model.createContext({
    contextSize: length,
    batchSize: length,
    threads: 1,
    flashAttention: false,
  })
  const results = await context
    .getSequence()
    .controlledEvaluate(
      tokens.map((token, index) =>
        positions.includes(index) ? [token, { generateNext: { logits: true } }] : token,
      ),
    )
  const logits = positions.map((position) => {
    const entries = [...results[position]!.next.logits!]
    const row = new Float32Array(entries.length)
    for (const [token, logit] of entries) row[token] = logit
    return row
  })
  await llama.dispose()
  return { logits, tokens }
}
