import type { FormatFamily, FormatInfo } from '../../preload/contract.ts'
import { significant } from '../charts/numbers.ts'

/** One format in a list to choose from. */
export interface FormatChoice {
  readonly value: string
  readonly label: string
  /** It needs importance, and none is chosen; the label says so. */
  readonly disabled: boolean
}

export interface FormatGroup {
  readonly type: 'group'
  readonly key: string
  readonly label: string
  readonly children: FormatChoice[]
}

/** Groups in the order in which people look for a format; families of one kind share a group. */
const GROUPS: readonly (readonly [label: string, families: readonly FormatFamily[]])[] = [
  ['K-quants', ['k']],
  ['I-quants', ['i']],
  ['Blocks of 32', ['legacy']],
  ['Floating point', ['float']],
  ['Microscaling', ['microscaling']],
  ['Ternary and binary', ['ternary', 'binary']],
  ['Integers', ['integer']],
]

export const NEEDS_IMPORTANCE = 'needs an imatrix'

/** The formats in groups, most bits first; what can not be made as things are is shown and says why. */
export function formatGroups(formats: readonly FormatInfo[], hasImportance: boolean): FormatGroup[] {
  return GROUPS.map(([label, families]) => ({
    type: 'group' as const,
    key: label,
    label,
    children: formats
      .filter(({ family }) => families.includes(family))
      .sort((a, b) => b.bpw - a.bpw)
      .map((format) => formatChoice(format, hasImportance)),
  })).filter(({ children }) => children.length > 0)
}

function formatChoice(format: FormatInfo, hasImportance: boolean): FormatChoice {
  const disabled = format.needsImportance && !hasImportance
  const bits = `${format.name} · ${significant(format.bpw)} bpw`
  return { value: format.name, label: disabled ? `${bits} · ${NEEDS_IMPORTANCE}` : bits, disabled }
}
