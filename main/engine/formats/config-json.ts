import { ByteReader } from './byte-reader.ts'
import { JsonReader } from './json-reader.ts'
import { LIMITS } from './limits.ts'
import type { FileBytes } from './file-bytes.ts'
import type { JsonScalar } from './json-reader.ts'
import type { Finding, MetadataEntry, Scalar } from './model.ts'

const PREFIX = 'config'

export interface Config {
  /** In file order. */
  readonly entries: readonly MetadataEntry[]
  readonly warnings: readonly Finding[]
}

/**
 * Reads the scalars of a `config.json`, with dotted keys behind `config.` (`config.rope_scaling.factor`,
 * `config.architectures.0`). Nulls are left out, and with a warning what goes beyond the limits.
 *
 * @param fileIndex index the entries carry
 * @throws QuantaloupeError `BAD_JSON` and its kin
 */
export function readConfig(file: FileBytes, fileIndex: number): Config {
  const reader = new ByteReader(file)
  const json = new JsonReader(reader)
  const entries: MetadataEntry[] = []
  let textBudget: number = LIMITS.shownTextBytes
  let left = 0
  if (json.kind() !== 'object') {
    throw reader.error('BAD_JSON', 'The configuration is not a JSON object', json.position, 'an object')
  }
  const collect = (key: string): void => {
    json.kind()
    const offsetBytes = json.position
    const scalar = json.scalar(LIMITS.shownStringBytes)
    if (scalar === undefined) return collectInner(json, key, collect)
    if (scalar === null) return
    textBudget -= key.length + String(scalar).length
    if (entries.length >= LIMITS.configEntries || textBudget < 0) {
      left++
      return
    }
    const bytes = json.position - offsetBytes
    entries.push({ key, ...typed(scalar), file: fileIndex, offsetBytes, bytes })
  }
  collectInner(json, PREFIX, collect)
  json.finish()
  const message = `config.json is too long to be shown whole: ${left} values are left out`
  return { entries, warnings: left === 0 ? [] : [{ code: 'LONG_CONFIG', message }] }
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
