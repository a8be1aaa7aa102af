import { ByteReader } from './byte-reader.ts'
import { JsonReader } from './json-reader.ts'
import { LIMITS } from './limits.ts'
import type { FileBytes } from './file-bytes.ts'
import type { SafetensorsHeader } from './safetensors-header.ts'

/** Longest file name that common file systems know. */
const FILE_NAME_BYTES = 255

/** The shard that holds each tensor. */
export type WeightMap = ReadonlyMap<string, string>

/**
 * Reads `weight_map` of a `model.safetensors.index.json`.
 *
 * @throws QuantaloupeError `BAD_INDEX` for a missing map or a file name that leads out of the folder, `BAD_JSON`
 */
export function readWeightMap(file: FileBytes): WeightMap {
  const reader = new ByteReader(file)
  if (file.size > LIMITS.safetensorsHeaderBytes) {
    const expected = `at most ${LIMITS.safetensorsHeaderBytes} bytes`
    throw reader.error('HEADER_TOO_LARGE', `The index has ${file.size} bytes`, 0, expected)
  }
  const json = new JsonReader(reader)
  const map = new Map<string, string>()
  json.object((key) => {
    if (key !== 'weight_map') return json.skip()
    json.object((name, offset) => {
      map.set(name, readFileName(json, reader, name))
      if (map.size <= LIMITS.tensors) return
      throw reader.error(
        'COUNT_TOO_LARGE',
        'The index names too many tensors',
        offset,
        `at most ${LIMITS.tensors}`,
      )
    })
  })
  json.finish()
  if (map.size === 0) throw reader.error('BAD_INDEX', 'The index names no tensor', 0, 'a "weight_map"')
  return map
}

/** Shards are named by a crafted file, so only plain names are followed. */
function readFileName(json: JsonReader, reader: ByteReader, tensor: string): string {
  const at = json.position
  const name = json.kind() === 'string' ? json.string(FILE_NAME_BYTES) : ''
  if (/^[^/\\:\0]+\.safetensors$/.test(name)) return name
  throw reader.error(
    'BAD_INDEX',
    `The file of ${tensor} is unusable`,
    at,
    'the plain name of a .safetensors file',
  )
}

/** A shard's header with the name of its file. */
export interface NamedHeader {
  readonly name: string
  readonly header: SafetensorsHeader
}

/**
 * Checks that the index and the shards name the same tensors in the same places.
 *
 * @throws QuantaloupeError `INDEX_MISMATCH` naming the first tensor in dispute
 */
export function checkIndex(index: FileBytes, map: WeightMap, shards: readonly NamedHeader[]): void {
  const reader = new ByteReader(index)
  const dispute = (message: string) =>
    reader.error('INDEX_MISMATCH', message, 0, 'an index that names each tensor of its files once', {
      remedy: 'The files do not belong together: download them again.',
    })
  let found = 0
  for (const { name, header } of shards) {
    for (const tensor of header.tensors) {
      const expected = map.get(tensor.name)
      if (expected === undefined) throw dispute(`${tensor.name} of ${name} is not in the index`)
      if (expected !== name) throw dispute(`${tensor.name} is in ${name}, but the index says ${expected}`)
    }
    found += header.tensors.length
  }
  if (found === map.size) return
  const present = new Set(shards.flatMap(({ header }) => header.tensors.map((tensor) => tensor.name)))
  const missing = [...map.keys()].find((name) => !present.has(name))
  throw dispute(`${missing} is in the index, but not in ${map.get(missing ?? '')}`)
}
