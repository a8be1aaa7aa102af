import { existsSync } from 'node:fs'

/** The trained sample model inside the project. */
export const SAMPLE_FOLDER = new URL('../models/novelist-7m', import.meta.url).pathname
export const SAMPLE_GGUF = `${SAMPLE_FOLDER}/novelist-7m-f16.gguf`

const SHARED_MODELS = new URL('../../../shared/models', import.meta.url).pathname

/** A file beside the project that only some machines have, or null. */
export function sharedFile(path: string): string | null {
  const file = `${SHARED_MODELS}/${path}`
  return existsSync(file) ? file : null
}
