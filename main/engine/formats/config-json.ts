import { ByteReader } from './byte-reader.ts'
import { JsonReader } from './json-reader.ts'
import { LIMITS } from './limits.ts'
import type { FileBytes } from './file-bytes.ts'
import type { JsonScalar } from './json-reader.ts'
import type { MetadataEntry, Scalar } from './model.ts'

const PREFIX = 'config.'

/**
 * Reads the scalars of a `config.json`, with dotted keys behind `config.` (`config.rope_scaling.factor`,
 * `config.architectures.0`). Nulls are left out.
 *
 * @param fileIndex index the entries carry
 * @throws QuantaloupeError `BAD_JSON` and its kin, `CONFIG_TOO_LARGE`
 */
export function readConfig(file: FileBytes, fileIndex: number): MetadataEntry[] {
  const reader = new ByteReader(file)
  const json = new JsonReader(reader)
  const entries: MetadataEntry[] = []
  if (json.kind() !== 'object') {
    throw reader.error('BAD_JSON', 'The configuration is not a JSON object', json.position, 'an object')
  }
  const collect = (key: string): void => {
    json.kind()
    const offsetBytes = json.position
    const scalar = json.scalar(LIMITS.shownStringBytes)
    if (scalar === undefined) return collectInner(json, key, collect)
    if (scalar === null) return
    if (entries.length === LIMITS.configEntries) {
      const expected = `at most ${LIMITS.configEntries} values`
      throw reader.error('CONFIG_TOO_LARGE', 'The configuration has too many values', offsetBytes, expected)
    }
    const bytes = json.position - offsetBytes
    entries.push({ key, ...typed(scalar), file: fileIndex, offsetBytes, bytes })
  }
  collectInner(json, PREFIX.slice(0, -1), collect)
  json.finish()
  return entries
}

function collectInner(json: JsonReader, prefix: string, collect: (key: string) => void): void {
  if (json.kind() === 'object') json.object((key) => collect(`${prefix}.${key}`))
  else json.array((index) => collect(`${prefix}.${index}`))
}

/** JSON has one kind of number; the metadata of a model tells whole from broken ones. */
function typed(value: Exclude<JsonScalar, null>): Pick<MetadataEntry, 'type'> & { value: Scalar } {
  if (typeof value === 'string') return { type: 'string', value }
  if (typeof value === 'boolean') return { type: 'bool', value }
  if (!Number.isSafeInteger(value)) return { type: 'f64', value }
  if (value >= 0 && value < 2 ** 32) return { type: 'u32', value }
  return { type: 'i64', value: BigInt(value) }
}
