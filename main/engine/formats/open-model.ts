import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { QuantaloupeError } from '../errors.ts'
import { FileBytes, isFolder } from './file-bytes.ts'
import { GGUF_MAGIC } from './gguf-header.ts'
import { openGguf } from './gguf-model.ts'
import { CONFIG_NAME, INDEX_SUFFIX, openFolder } from './model-folder.ts'
import { openIndexed, openSafetensors } from './safetensors-model.ts'
import type { Model } from './model.ts'

/** Files whose `config.json` is taken to describe them. */
const MAIN_FILE = /^model(-\d{5}-of-\d{5})?\.safetensors$/

/** First bytes of files that people take for models, and what to say about them. */
const OTHER_FORMATS: readonly (readonly [magic: string, what: string])[] = [
  ['lmgg', 'a GGML file, which GGUF replaced in 2023'],
  ['tjgg', 'a GGJT file, which GGUF replaced in 2023'],
  ['fmgg', 'a GGMF file, which GGUF replaced in 2023'],
  ['PK\u0003\u0004', 'a PyTorch checkpoint or another zip archive, which can run code when loaded'],
  ['version ', 'a Git LFS pointer: the model itself was not downloaded'],
]

/**
 * Opens a model, reading headers only: a GGUF file or any part of a split one, a safetensors file or index, or a
 * folder.
 *
 * @throws QuantaloupeError with file, offset, expectation and remedy; the codes are in `README.md`
 */
export function openModel(path: string): Model {
  if (isFolder(path)) return openFolder(path)
  if (path.endsWith(INDEX_SUFFIX)) return openIndexed(path, path, configBeside(path))
  const start = FileBytes.with(path, (file) => file.read(0, Math.min(9, file.size)))
  if (isGguf(start)) return openGguf(path)
  if (path.endsWith('.safetensors') || looksLikeSafetensors(start)) return openSafetensorsFile(path)
  throw notAModel(path, start)
}

function isGguf(start: Uint8Array): boolean {
  return start.length >= 4 && new DataView(start.buffer).getUint32(0, true) === GGUF_MAGIC
}

/** A plausible header length, and the JSON object behind it. */
function looksLikeSafetensors(start: Uint8Array): boolean {
  return start[8] === 0x7b && start.subarray(4, 8).every((byte) => byte === 0)
}

/** A part of an indexed model opens the whole. */
function openSafetensorsFile(path: string): Model {
  const name = basename(path)
  const indexPath = join(dirname(path), name.replace(/-\d{5}-of-\d{5}\.safetensors$/, INDEX_SUFFIX))
  if (indexPath !== path && indexPath.endsWith(INDEX_SUFFIX) && existsSync(indexPath)) {
    return openIndexed(path, indexPath, configBeside(path))
  }
  return openSafetensors(path, path, MAIN_FILE.test(name) ? configBeside(path) : null)
}

function configBeside(path: string): string | null {
  const configPath = join(dirname(path), CONFIG_NAME)
  return existsSync(configPath) ? configPath : null
}

function notAModel(path: string, start: Uint8Array): QuantaloupeError {
  const text = String.fromCharCode(...start)
  const what = OTHER_FORMATS.find(([magic]) => text.startsWith(magic))?.[1]
  return new QuantaloupeError('NOT_A_MODEL', what === undefined ? 'This is not a model' : `This is ${what}`, {
    place: path,
    offset: 0,
    expected: 'a GGUF or safetensors file',
    remedy: 'Open a .gguf file, a .safetensors file or a Hugging Face folder.',
  })
}
