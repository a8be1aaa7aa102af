import type { Finding } from '../../engine/formats/model.ts'
import { typeByName } from '../../engine/tensor/type-geometry.ts'
import { shorten } from '../measurements/importance-findings.ts'

/** A tensor that was to get one format and gets another. */
export interface Replacement {
  readonly tensor: string
  readonly requested: string
  readonly effective: string
}

/** One finding for each pair of formats; replacements of a format by itself are left out. */
export function fallbackFindings(replacements: readonly Replacement[]): Finding[] {
  const real = replacements.filter(({ requested, effective }) => requested !== effective)
  const groups = Map.groupBy(real, ({ requested, effective }) => `${requested} ${effective}`)
  return [...groups.values()].map(describeGroup)
}

function describeGroup(group: readonly Replacement[]): Finding {
  const { requested = '', effective = '' } = group[0] ?? {}
  const names = shorten(group.map(({ tensor }) => tensor))
  const count = group.length === 1 ? '1 tensor' : `${group.length} tensors`
  const block = typeByName(requested)?.blockSize ?? 1
  const reason = `rows that are no multiples of ${block} weights`
  const message = `${effective} instead of ${requested} for ${count} with ${reason}: ${names}`
  return { code: 'SHAPE_FALLBACK', message }
}
