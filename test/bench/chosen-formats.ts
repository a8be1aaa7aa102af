import type { Format } from '../../main/engine/quantizers/format.ts'
import { FORMATS, formatByName } from '../../main/engine/quantizers/registry.ts'

/** The formats that were named, all when none was. */
export function chosenFormats(names: readonly string[]): readonly Format[] {
  return names.length === 0 ? FORMATS : names.map(named)
}

function named(name: string): Format {
  const format = formatByName(name)
  if (!format) throw new Error(`There is no format ${name}`)
  return format
}
