import { QuantaloupeError } from '../../engine/errors.ts'
import type { Format } from '../../engine/quantizers/format.ts'
import { encodedBytes } from '../../engine/quantizers/format.ts'
import { findOverflow } from '../../engine/quantizers/overflow.ts'
import type { Kernels } from '../../engine/kernels/kernels.ts'

/** A run of rows of a tensor, from a row on. */
export interface PlacedRows {
  readonly tensor: string
  readonly firstRow: number
  readonly rowLength: number
}

/** @throws QuantaloupeError `NON_FINITE_WEIGHT` with row and column */
export function refuseNonFinite(kernels: Kernels, weights: Float32Array, place: PlacedRows): void {
  const found = kernels.findNonFinite(weights)
  if (found < 0) return
  const row = place.firstRow + Math.floor(found / place.rowLength)
  const message = `Row ${row}, column ${found % place.rowLength} of ${place.tensor} is ${String(weights[found])}`
  throw new QuantaloupeError('NON_FINITE_WEIGHT', message, {
    place: place.tensor,
    expected: 'finite weights',
    remedy: 'Keep this tensor in its stored type, or repair the source model.',
  })
}

/** @throws QuantaloupeError `WEIGHT_OVERFLOW` with the row */
export function refuseOverflow(format: Format, bytes: Uint8Array, place: PlacedRows): void {
  const found = findOverflow(format, bytes)
  if (found < 0) return
  const row = place.firstRow + Math.floor(found / encodedBytes(format, place.rowLength))
  throw new QuantaloupeError(
    'WEIGHT_OVERFLOW',
    `Row ${row} of ${place.tensor} is too large for ${format.name}`,
    {
      place: place.tensor,
      expected: 'weights whose scale fits 16 bits',
      remedy: 'Choose F32 or BF16 for this tensor.',
    },
  )
}
