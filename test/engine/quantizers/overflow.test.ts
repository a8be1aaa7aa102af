import { describe, expect, it } from 'vitest'
import { encodedBytes, type Format } from '../../../main/engine/quantizers/format.ts'
import { findOverflow } from '../../../main/engine/quantizers/overflow.ts'
import { FORMATS } from '../../../main/engine/quantizers/registry.ts'
import { randomImportance, randomRow, ROW_KINDS, type RowKind } from '../../support/random-rows.ts'

const LENGTH = 256
/** Enough rows for codes that look like an exponent of all ones. */
const SEEDS = 24
const KINDS = Object.keys(ROW_KINDS) as RowKind[]

interface Encoded {
  readonly row: string
  readonly bytes: Uint8Array
  readonly finite: boolean
}

/** Encoded blocks of some rows of each kind, and what they decode to. */
function encodeRows(format: Format): Encoded[] {
  return KINDS.flatMap((kind) => Array.from({ length: SEEDS }, (_, seed) => encodeRow(format, kind, seed)))
}

function encodeRow(format: Format, kind: RowKind, seed: number): Encoded {
  const bytes = new Uint8Array(encodedBytes(format, LENGTH))
  const importance = randomImportance('lognormal', LENGTH, seed)
  format.methods.reference!(randomRow(kind, LENGTH, seed), importance, bytes)
  const values = new Float32Array(LENGTH)
  format.dequantize(bytes, values)
  return { row: `${kind} ${seed}`, bytes, finite: values.every(Number.isFinite) }
}

describe.each(FORMATS)('an overflow of $name', (format) => {
  it('is found where blocks decode to values that are not finite, and nowhere else', () => {
    const rows = encodeRows(format)
    const found = rows.filter(({ bytes }) => findOverflow(format, bytes) >= 0).map(({ row }) => row)
    expect(found).toEqual(rows.filter(({ finite }) => !finite).map(({ row }) => row))
  })
})
