import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { QuantaloupeError } from '../errors.ts'
import { FileBytes } from './file-bytes.ts'
import { readGgufHeader } from './gguf-header.ts'
import { shardName } from './gguf-split.ts'
import { openGguf } from './gguf-model.ts'
import { openIndexed, openSafetensors } from './safetensors-model.ts'
import type { Model } from './model.ts'

export const INDEX_SUFFIX = '.safetensors.index.json'
export const CONFIG_NAME = 'config.json'
const MAIN_FILE = 'model.safetensors'
const MAIN_INDEX = `model${INDEX_SUFFIX}`
const SHARD_PART = /-\d{5}-of-\d{5}\.safetensors$/

/** Models listed in the error about a folder with several. */
const LISTED_MODELS = 10

/**
 * Opens the model in a folder: a Hugging Face folder, or whatever single model it holds.
 *
 * @throws QuantaloupeError `NO_MODEL`, or `SEVERAL_MODELS` with their names
 */
export function openFolder(path: string): Model {
  const names = listFiles(path)
  const configPath = names.includes(CONFIG_NAME) ? join(path, CONFIG_NAME) : null
  const candidates = huggingFaceFile(names, configPath) ?? modelFiles(path, names)
  const [only, ...others] = candidates
  if (only === undefined) throw noModel(path)
  if (others.length > 0) throw severalModels(path, candidates)
  if (only.endsWith('.gguf')) return openGguf(join(path, only))
  if (only.endsWith(INDEX_SUFFIX)) return openIndexed(path, join(path, only), configPath)
  return openSafetensors(path, join(path, only), configPath)
}

function listFiles(path: string): string[] {
  try {
    return readdirSync(path).sort()
  } catch (cause) {
    const details = { place: path, remedy: 'Check its permissions.' }
    throw new QuantaloupeError('FILE_NOT_READABLE', 'The folder may not be read', details, { cause })
  }
}

/** With a configuration the usual names decide, whatever else (covariances, a converted copy) lies beside them. */
function huggingFaceFile(names: readonly string[], configPath: string | null): string[] | null {
  if (configPath === null) return null
  const main = [MAIN_INDEX, MAIN_FILE].find((name) => names.includes(name))
  return main === undefined ? null : [main]
}

/** One file for each model: splits by their first part, indexed safetensors by their index. */
function modelFiles(path: string, names: readonly string[]): string[] {
  const hasIndex = names.some((name) => name.endsWith(INDEX_SUFFIX))
  const files = names.filter((name) => {
    if (name.endsWith(INDEX_SUFFIX)) return true
    if (name.endsWith('.safetensors')) return !(hasIndex && SHARD_PART.test(name))
    return name.endsWith('.gguf') && isFirstOfSplit(name, names)
  })
  return files.length < 2 ? files : files.filter((name) => !isImportanceFile(join(path, name)))
}

/** Also true of a split whose first parts are missing, which opening it then reports. */
function isFirstOfSplit(name: string, names: readonly string[]): boolean {
  const shard = shardName(name)
  if (shard === null) return true
  return names.find((other) => shardName(other)?.prefix === shard.prefix) === name
}

/** A file that cannot be read counts as a model, so that opening it can say why. */
function isImportanceFile(path: string): boolean {
  if (!path.endsWith('.gguf')) return false
  try {
    return FileBytes.with(
      path,
      (file) => readGgufHeader(file).metadata.get('general.type')?.value === 'imatrix',
    )
  } catch {
    return false
  }
}

function noModel(path: string): QuantaloupeError {
  return new QuantaloupeError('NO_MODEL', 'There is no model in this folder', {
    place: path,
    expected: 'a .gguf file, a .safetensors file or a Hugging Face folder',
    remedy: 'Choose another folder, or the file itself.',
  })
}

function severalModels(path: string, names: readonly string[]): QuantaloupeError {
  const listed = names.slice(0, LISTED_MODELS).join(', ')
  const more = names.length > LISTED_MODELS ? ` and ${names.length - LISTED_MODELS} more` : ''
  return new QuantaloupeError(
    'SEVERAL_MODELS',
    `There are ${names.length} models in this folder: ${listed}${more}`,
    {
      place: path,
      expected: 'one model',
      remedy: 'Open one of these files.',
    },
  )
}
