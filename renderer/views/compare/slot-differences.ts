import type { Plan, PlannedTensor } from '../../../preload/contract.ts'
import { bytes, exact, NO_VALUE, significant } from '../../charts/numbers.ts'
import type { TableCell, TableColumn, TableSort } from '../../components/table-column.ts'
import type { CellValue, PlainTable } from '../../components/table-text.ts'

/** A plan under the name of its slot. */
export interface NamedPlan {
  readonly name: string
  readonly plan: Plan
}

/** A tensor that the plans treat differently. */
export interface SlotDifference {
  readonly name: string
  /** In the order of the plans; null where a plan does not know the tensor. */
  readonly sides: readonly (PlannedTensor | null)[]
  /** Largest less smallest. */
  readonly bytes: number
  /** Null while one of them is not measured. */
  readonly damage: number | null
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values)
}

/** Tensors whose format or method is not the same in all plans, the largest difference of bytes first. */
export function slotDifferences(plans: readonly NamedPlan[]): readonly SlotDifference[] {
  const tables = plans.map(({ plan }) => new Map(plan.tensors.map((one) => [one.name, one])))
  const names = new Set(plans.flatMap(({ plan }) => plan.tensors.map((one) => one.name)))
  return [...names]
    .flatMap((name): SlotDifference[] => {
      const sides = tables.map((table) => table.get(name) ?? null)
      if (new Set(sides.map((side) => side && `${side.format} ${side.method}`)).size < 2) return []
      const damages = sides.map((side) => side?.damage ?? null)
      const known = damages.filter((damage) => damage !== null)
      return [
        {
          name,
          sides,
          bytes: spread(sides.map((side) => side?.bytes ?? 0)),
          damage: known.length === sides.length ? spread(known) : null,
        },
      ]
    })
    .sort((a, b) => b.bytes - a.bytes)
}

export function differenceColumns(plans: readonly NamedPlan[]): readonly TableColumn[] {
  const each = (of: (name: string) => TableColumn) => plans.map(({ name }) => of(name))
  return [
    { key: 'name', title: 'Tensor', width: 'minmax(180px, 2fr)', mono: true, sortable: true },
    ...each((name) => ({ key: `format ${name}`, title: name, width: '92px', hint: `Format in plan ${name}` })),
    { key: 'bytes', title: '± Bytes', width: '90px', align: 'right', sortable: true, hint: 'Largest less smallest' },
    {
      key: 'damage', title: '± Damage', width: '96px', align: 'right', sortable: true,
      hint: 'Predicted: largest less smallest',
    },
    ...each((name) => ({ key: `bytes ${name}`, title: `Bytes ${name}`, width: '90px', align: 'right' })),
    ...each((name) => ({ key: `damage ${name}`, title: `Damage ${name}`, width: '98px', align: 'right' })),
  ] // prettier-ignore
}

function sizeCell(value: number | undefined): TableCell {
  return value === undefined ? { text: NO_VALUE } : { text: bytes(value), title: `${exact(value)} bytes` }
}

function damageCell(value: number | null | undefined): TableCell {
  if (value === null || value === undefined) return { text: NO_VALUE, title: 'Not measured in this format' }
  return { text: significant(value), title: String(value) }
}

function formatCell(side: PlannedTensor | null | undefined): TableCell {
  if (!side) return { text: NO_VALUE }
  return {
    text: side.format,
    title: side.method === null ? 'Kept as stored' : `${side.format}, ${side.method}`,
  }
}

/** What a cell shows; columns of a slot are called `format A`, `bytes A`, `damage A`. */
export function differenceCell(one: SlotDifference, column: string, plans: readonly NamedPlan[]): TableCell {
  if (column === 'name') return { text: one.name, title: one.name }
  if (column === 'bytes') return sizeCell(one.bytes)
  if (column === 'damage') return damageCell(one.damage)
  const [kind, slot] = column.split(' ')
  const side = one.sides[plans.findIndex(({ name }) => name === slot)]
  if (kind === 'format') return formatCell(side)
  return kind === 'bytes' ? sizeCell(side?.bytes) : damageCell(side?.damage)
}

export function sortDifferences(all: readonly SlotDifference[], sort: TableSort): readonly SlotDifference[] {
  const direction = sort.descending ? -1 : 1
  return [...all].sort((a, b) => {
    if (sort.column === 'name') return direction * a.name.localeCompare(b.name, 'en', { numeric: true })
    const [x, y] = sort.column === 'damage' ? [a.damage ?? -1, b.damage ?? -1] : [a.bytes, b.bytes]
    return direction * (x - y)
  })
}

export function differenceTable(all: readonly SlotDifference[], plans: readonly NamedPlan[]): PlainTable {
  return {
    columns: ['tensor', ...plans.flatMap(({ name }) => [`format${name}`, `bytes${name}`, `damage${name}`])],
    rows: all.map((one): readonly CellValue[] => [
      one.name,
      ...one.sides.flatMap((side) => [side?.format ?? null, side?.bytes ?? null, side?.damage ?? null]),
    ]),
  }
}
