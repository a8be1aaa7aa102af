import { QuantaloupeError } from '../../engine/errors.ts'
import { encodedBytes } from '../../engine/quantizers/format.ts'
import { exploreRow, type ExploredGroup } from '../../engine/rounding/explore-row.ts'
import { scaledFormat } from '../../engine/rounding/scaled-formats.ts'
import type { ExploreTask } from '../protocol.ts'
import { importanceVectors } from './importance.ts'
import { refuseNonFinite } from './refusals.ts'
import { rowChunks } from './row-chunks.ts'
import { withRows } from './source.ts'
import { targetFormat } from './target-format.ts'

/**
 * Looks into one group of a row.
 *
 * @throws QuantaloupeError `OUT_OF_RANGE`, `NON_FINITE_WEIGHT`, `FORMAT_UNSUPPORTED`, what reading and rounding report
 */
export function explore(task: ExploreTask): ExploredGroup {
  const { source, row, group } = task
  const vectors = importanceVectors(task.importance, source)
  return withRows(task, (reader, kernels) => {
    const { rowLength } = reader
    const { format, method } = targetFormat(task.target, rowLength)
    const scaled = scaledFormat(format.name)
    if (!scaled) throw unsupported(format.name)
    refuseBeyond('row', row, reader.rows, source.name)
    if (group !== null) refuseBeyond('block', group, rowLength / scaled.groupSize, source.name)
    const weights = reader.read(row, 1)
    refuseNonFinite(kernels, weights, { tensor: source.name, firstRow: row, rowLength })
    const [chunk] = rowChunks(source, { firstRow: row, rows: 1 }, vectors, 1)
    const importance = chunk?.importance ?? null
    const rounded = (by: typeof method) => {
      const bytes = new Uint8Array(encodedBytes(format, rowLength))
      kernels.quantizeRows(format, by, weights, rowLength, importance, bytes)
      return bytes
    }
    const [reference, chosen] = [rounded('reference'), rounded(method)]
    return exploreRow({ format, scaled, method, weights, importance, reference, chosen }, group)
  })
}

function unsupported(format: string): QuantaloupeError {
  return new QuantaloupeError('FORMAT_UNSUPPORTED', `Weights of ${format} are not a scale times a level`, {
    place: format,
    remedy: 'Choose a format with one scale, such as Q4_0.',
  })
}

/** @throws QuantaloupeError `OUT_OF_RANGE` */
function refuseBeyond(what: string, place: number, count: number, tensor: string): void {
  if (place < count) return
  throw new QuantaloupeError('OUT_OF_RANGE', `There is no ${what} ${place}`, {
    place: tensor,
    expected: `0 to ${count - 1}`,
  })
}
