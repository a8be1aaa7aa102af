import type { Measurement, Tensor } from '../../../preload/contract.ts'
import type { MeasureInfo } from '../../charts/measures.ts'
import { bytes, exact, NO_VALUE, significant } from '../../charts/numbers.ts'
import type { TableCell, TableColumn } from '../../components/table-column.ts'
import type { CellValue } from '../../components/table-text.ts'
import { shapeText, weightsOf } from '../../components/tensor-facts.ts'

/** Columns of the tensor table; the last one names the chosen measure and format. */
export function tensorColumns(measure: MeasureInfo, format: string): readonly TableColumn[] {
  const unit = measure.unit ? ` (${measure.unit})` : ''
  return [
    { key: 'name', title: 'Name', width: 'minmax(200px, 2fr)', mono: true, sortable: true },
    { key: 'layer', title: 'Layer', width: '52px', align: 'right', sortable: true },
    { key: 'role', title: 'Role', width: 'minmax(96px, 1fr)', sortable: true },
    {
      key: 'shape', title: 'Shape', width: 'minmax(104px, 0.7fr)', align: 'right', sortable: true,
      hint: 'Row length first; sorts by the number of weights',
    },
    { key: 'type', title: 'Type', width: '60px', sortable: true },
    { key: 'bpw', title: 'bpw', width: '52px', align: 'right', sortable: true, hint: 'Bits per weight as stored' },
    { key: 'bytes', title: 'Bytes', width: '76px', align: 'right', sortable: true },
    {
      key: 'error', title: `${measure.label}${unit}, ${format}`, width: '156px', align: 'right', sortable: true,
      hint: measure.meaning,
    },
  ] // prettier-ignore
}

function bitsPerWeight(tensor: Tensor): number {
  return (tensor.bytes * 8) / Math.max(1, weightsOf(tensor))
}

function errorCell(tensor: Tensor, measure: MeasureInfo, one: Measurement | undefined): TableCell {
  if (!tensor.quantizable && !one) return { text: NO_VALUE, title: 'Not quantized: kept as it is' }
  if (!one) return { text: NO_VALUE, title: 'Not measured yet' }
  const value = significant(one[measure.name])
  if (one.standardError === null) return { text: value, title: 'Every row was measured' }
  const title = `Estimate from ${exact(one.sampledRows)} of ${exact(one.rows)} rows`
  return { text: `≈ ${value}`, title }
}

/** What a cell shows. */
export function tensorCell(
  tensor: Tensor,
  column: string,
  measure: MeasureInfo,
  one: Measurement | undefined,
): TableCell {
  switch (column) {
    case 'name':
      return { text: tensor.name, title: tensor.name }
    case 'layer':
      return { text: tensor.layer === null ? NO_VALUE : String(tensor.layer) }
    case 'role':
      return { text: tensor.role, title: tensor.role }
    case 'shape':
      return { text: shapeText(tensor.shape), title: `${exact(weightsOf(tensor))} weights` }
    case 'type':
      return { text: tensor.type, title: tensor.type }
    case 'bpw':
      return { text: significant(bitsPerWeight(tensor)) }
    case 'bytes':
      return { text: bytes(tensor.bytes), title: `${exact(tensor.bytes)} bytes` }
    default:
      return errorCell(tensor, measure, one)
  }
}

/** The row as data, for copying and saving: numbers with every digit. */
export function tensorRecord(
  tensor: Tensor,
  measure: MeasureInfo,
  one: Measurement | undefined,
): readonly CellValue[] {
  const { name, layer, role, shape, type } = tensor
  const error = one?.[measure.name] ?? null
  const sampled = one ? one.standardError !== null : null
  return [name, layer, role, shape.join('x'), type, bitsPerWeight(tensor), tensor.bytes, error, sampled]
}

export function recordColumns(measure: MeasureInfo, format: string): readonly string[] {
  return ['name', 'layer', 'role', 'shape', 'type', 'bpw', 'bytes', `${measure.name} ${format}`, 'sampled']
}
