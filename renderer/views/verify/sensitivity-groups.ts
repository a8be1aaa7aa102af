import type { Sensitivities, SensitivityGroup, Tensor } from '../../../preload/contract.ts'
import type { HeatmapCell } from '../../charts/heatmap-places.ts'
import type { Quantity } from '../../charts/measures.ts'
import { counted, exact, NO_VALUE, significant } from '../../charts/numbers.ts'
import type { TooltipRow } from '../../charts/parts.ts'
import type { SensitivityBar } from '../../charts/sensitivity-bars.ts'
import type { CellValue, PlainTable } from '../../components/table-text.ts'

/** Tensors that were replaced together, with what each format did. */
export interface MeasuredGroup {
  readonly name: string
  readonly tensors: readonly string[]
  /** KL divergence per squared error, over all formats. */
  readonly alpha: number
  readonly standardError: number
  readonly formats: ReadonlyMap<string, SensitivityGroup>
}

/** The sensitivity itself, or the divergence that one format caused. */
export const SENSITIVITY = 'sensitivity'

/** `ffn_down, layers 4 to 7`; a single tensor keeps its name. */
export function groupName(names: readonly string[], named: (name: string) => Tensor | null): string {
  if (names.length === 1) return names[0] ?? ''
  const tensors = names.map(named).filter((tensor) => tensor !== null)
  const roles = [...new Set(tensors.map((tensor) => tensor.role))]
  const layers = tensors.flatMap((tensor) => tensor.layer ?? [])
  if (roles.length !== 1 || layers.length === 0)
    return `${names[0] ?? ''} and ${exact(names.length - 1)} more`
  const [first, last] = [Math.min(...layers), Math.max(...layers)]
  return first === last ? `${roles[0]}, layer ${first}` : `${roles[0]}, layers ${first} to ${last}`
}

/** One entry per group, the most sensitive first. */
export function measuredGroups(
  sensitivities: Sensitivities,
  named: (name: string) => Tensor | null,
): readonly MeasuredGroup[] {
  const groups = new Map<string, SensitivityGroup[]>()
  for (const group of sensitivities.groups) {
    const key = group.tensors.join('\n')
    groups.set(key, [...(groups.get(key) ?? []), group])
  }
  return [...groups.values()]
    .map(([first, ...rest]): MeasuredGroup | null =>
      first
        ? {
            name: groupName(first.tensors, named),
            tensors: first.tensors,
            alpha: first.alpha,
            standardError: first.standardError,
            formats: new Map([first, ...rest].map((one) => [one.format, one])),
          }
        : null,
    )
    .filter((group) => group !== null)
    .sort((a, b) => b.alpha - a.alpha)
}

/** Every format that some group was replaced by. */
export function measuredFormats(groups: readonly MeasuredGroup[]): readonly string[] {
  return [...new Set(groups.flatMap((group) => [...group.formats.keys()]))].sort()
}

/** @param shown {@link SENSITIVITY}, or a format */
export function groupValue(group: MeasuredGroup, shown: string): number | null {
  return shown === SENSITIVITY ? group.alpha : (group.formats.get(shown)?.kld ?? null)
}

export function shownQuantity(shown: string): Quantity {
  const looks = { worst: 'highest', scale: 'log' } as const
  return shown === SENSITIVITY
    ? { ...looks, label: 'Sensitivity', unit: 'nats per squared error' }
    : { ...looks, label: `KL divergence in ${shown}`, unit: 'nats' }
}

function details(group: MeasuredGroup): TooltipRow[] {
  return [
    ...(group.tensors.length > 1
      ? [['Replaced together', counted(group.tensors.length, 'tensor')] as const]
      : []),
    ['Sensitivity', `${significant(group.alpha)} ± ${significant(group.standardError, 2)}`],
    ...[...group.formats].map(([format, one]): TooltipRow => {
      const error = one.weightedRelativeError ?? one.relativeError
      return [format, `${significant(one.kld)} nats at an error of ${significant(error)}`]
    }),
  ]
}

/** Bars of what is shown, the largest first; groups without a value are left out. */
export function sensitivityBars(
  groups: readonly MeasuredGroup[],
  shown: string,
  isSelected: (name: string) => boolean,
): readonly SensitivityBar[] {
  return groups
    .flatMap((group): SensitivityBar[] => {
      const value = groupValue(group, shown)
      if (value === null) return []
      return [
        {
          name: group.name,
          value,
          standardError: shown === SENSITIVITY ? group.standardError : null,
          tensors: group.tensors,
          selected: group.tensors.some(isSelected),
          details: details(group),
        },
      ]
    })
    .sort((a, b) => b.value - a.value)
}

/** A cell for each quantizable tensor, with the value of its group; null where it was not measured. */
export function sensitivityCells(
  groups: readonly MeasuredGroup[],
  shown: string,
  tensors: readonly Tensor[],
): readonly HeatmapCell[] {
  const values = new Map(
    groups.flatMap((group) => group.tensors.map((name) => [name, groupValue(group, shown)] as const)),
  )
  return tensors
    .filter((tensor) => tensor.quantizable)
    .map(({ name, layer, role }) => {
      return { tensor: name, layer, role, value: values.get(name) ?? null, sampled: false }
    })
}

/** All figures, one row for each replaced group and format. */
export function sensitivityTable(groups: readonly MeasuredGroup[]): PlainTable {
  return {
    columns: [
      'group', 'tensors', 'sensitivity', 'standardError', 'format', 'relativeError', 'weightedRelativeError', 'kld',
      'perplexityChange',
    ],
    rows: groups.flatMap((group) =>
      [...group.formats].map(([format, one]): readonly CellValue[] => [
        group.name, group.tensors.join(' '), group.alpha, group.standardError, format, one.relativeError,
        one.weightedRelativeError, one.kld, one.perplexityChange,
      ]),
    ),
  } // prettier-ignore
}

/** What the table on screen shows. */
export function groupCell(group: MeasuredGroup, column: string): { text: string; title?: string } {
  if (column === 'name') return { text: group.name, title: group.tensors.join('\n') }
  if (column === 'tensors') return { text: exact(group.tensors.length) }
  if (column === SENSITIVITY)
    return {
      text: `${significant(group.alpha)} ± ${significant(group.standardError, 2)}`,
      title: String(group.alpha),
    }
  const one = group.formats.get(column)
  if (!one) return { text: NO_VALUE, title: 'Not measured in this format' }
  const error = one.weightedRelativeError ?? one.relativeError
  return { text: significant(one.kld), title: `${one.kld} nats at an error of ${error}` }
}
