import { getLlama, LlamaLogLevel, type Llama, type LlamaModel } from 'node-llama-cpp'
import { QuantaloupeError } from '../engine/errors.ts'

/** What llama.cpp last complained about; its exceptions say less than its log. */
let complaint = ''

async function startLlama(threads: number): Promise<Llama> {
  try {
    return await getLlama({
      // Only what came with the package: nothing is compiled or fetched behind the user's back.
      build: 'never',
      skipDownload: true,
      gpu: false,
      maxThreads: threads,
      logLevel: LlamaLogLevel.error,
      logger: (_level, message) => (complaint = message.trim() || complaint),
    })
  } catch (cause) {
    throw new QuantaloupeError(
      'LLAMA_UNAVAILABLE',
      'llama.cpp does not run on this machine',
      {
        expected: 'a prebuilt llama.cpp in the package node-llama-cpp',
        remedy: 'Install the dependencies again.',
      },
      { cause },
    )
  }
}

/**
 * Loads a model as llama.cpp's own programs would.
 *
 * @throws QuantaloupeError `LLAMA_UNAVAILABLE`, `MODEL_REFUSED`
 */
export async function loadModel(path: string, threads: number): Promise<LlamaModel> {
  const llama = await startLlama(threads)
  try {
    return await llama.loadModel({ modelPath: path, gpuLayers: 0 })
  } catch (cause) {
    const reason = (complaint || String(cause)).replaceAll(/\s+/g, ' ').trim()
    throw new QuantaloupeError('MODEL_REFUSED', `llama.cpp does not load this model: ${reason}`, {
      place: path,
    })
  }
}
