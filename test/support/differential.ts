/** The differential test: random rows through both twins and through ggml itself. */
import { describe, expect, it } from 'vitest'
import type { Kernels } from '../../main/engine/kernels/kernels.ts'
import { encodedBytes, type Format } from '../../main/engine/quantizers/format.ts'
import { loadGgml } from './ggml.ts'
import { IMPORTANCE_NAMES, randomImportance, randomRows, ROW_KINDS, type RowKind } from './random-rows.ts'
import { allKernels } from './twins.ts'

const KINDS = Object.keys(ROW_KINDS) as RowKind[]
/** More than 2,000 rows of a format without importance, and as many with. */
const PLAIN_ROWS = Math.ceil(2000 / KINDS.length)
const WEIGHTED_ROWS = Math.ceil(2000 / KINDS.length / IMPORTANCE_NAMES.length)
const LENGTHS = [256, 512]

/**
 * Rows on which ggml itself ends the process: a sum of squares overflows, and no point of its grid is near.
 * There the twins are compared with each other alone.
 */
const FATAL: Partial<Record<RowKind, readonly string[]>> = {
  'squares overflow': ['IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S'],
  'any bits': ['IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S'],
}

/** Some rows of one kind that share their importance. */
interface Batch {
  readonly title: string
  readonly kind: RowKind
  readonly rowLength: number
  readonly weights: Float32Array
  readonly importance: Float32Array | null
}

function batches(importance: string | null): readonly Batch[] {
  return KINDS.map((kind, index) => {
    const rowLength = LENGTHS[index % LENGTHS.length]!
    const rows = importance === null ? PLAIN_ROWS : WEIGHTED_ROWS
    const seed = 1000 * index + 100_000 * (1 + IMPORTANCE_NAMES.indexOf(importance ?? ''))
    return {
      title: `${kind}, importance ${importance ?? 'none'}`,
      kind,
      rowLength,
      weights: randomRows(kind, rows, rowLength, seed),
      importance: importance === null ? null : randomImportance(importance, rowLength, seed),
    }
  })
}

/** Which rows differ, as numbers; the first few tell enough. */
function differentRows(a: Uint8Array, b: Uint8Array, rows: number): readonly number[] {
  if (Buffer.compare(a, b) === 0) return []
  const size = a.length / rows
  const slice = (bytes: Uint8Array, row: number) => bytes.subarray(row * size, (row + 1) * size)
  return Array.from({ length: rows }, (_, row) => row).filter(
    (row) => Buffer.compare(slice(a, row), slice(b, row)) !== 0,
  )
}

/** NaN is NaN, whatever its bits: processors differ in the sign they give it. */
function sameValues(a: Float32Array, b: Float32Array): boolean {
  if (Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0) return true
  return a.every((value, index) => Object.is(value, b[index]))
}

const ggml = loadGgml()
const twins = allKernels()
const where = ggml ? '' : ' (node-llama-cpp brings no ggml for this platform: twins alone)'

/** Titles of the batches, programs and rows that differ from the first program that answers. */
function differences(format: Format, batch: Batch): readonly string[] {
  const { weights, importance, rowLength } = batch
  const rows = weights.length / rowLength
  const size = encodedBytes(format, weights.length)
  const answers = twins.map((kernels) => {
    const bytes = new Uint8Array(size)
    kernels.quantizeRows(format, 'reference', weights, rowLength, importance, bytes)
    return { title: kernels.name, bytes, decode: (given: Uint8Array) => decode(kernels, format, given) }
  })
  const peer = ggml && !FATAL[batch.kind]?.includes(format.name) ? [askGgml(format, batch, size)] : []
  const [expected, ...others] = [...peer, ...answers]
  const expectedValues = expected!.decode(expected!.bytes)
  return others.flatMap((answer) => {
    const { title } = answer
    const wrongRows = differentRows(expected!.bytes, answer.bytes, rows)
    const wrongValues = sameValues(answer.decode(expected!.bytes), expectedValues) ? [] : ['decoded values']
    const wrong = [...wrongRows.slice(0, 5).map((row) => `row ${row} of ${rows}`), ...wrongValues]
    return wrong.map((what) => `${title} against ${expected!.title}: ${batch.title}: ${what}`)
  })
}

function decode(kernels: Kernels, format: Format, bytes: Uint8Array): Float32Array {
  const values = new Float32Array((bytes.length / format.blockBytes) * format.blockSize)
  kernels.dequantizeRows(format, bytes, values)
  return values
}

function askGgml(format: Format, { weights, importance, rowLength }: Batch, size: number) {
  return {
    title: 'ggml',
    bytes: ggml!.quantize(format.id, weights, rowLength, importance, size),
    decode: (given: Uint8Array) => ggml!.dequantize(format.name, given, weights.length),
  }
}

/** Defines the tests of some formats; a file each for groups that take long, so that they run beside each other. */
export function describeDifferential(formats: readonly Format[]): void {
  describe(`random rows through ${twins.map(({ name }) => name).join(', ')} and ggml${where}`, () => {
    describe.each(formats)('$name', (format) => {
      const importances = format.needsImportance ? IMPORTANCE_NAMES : [null, ...IMPORTANCE_NAMES]
      it.each(importances)('importance %s: the same bytes and values', { timeout: 120_000 }, (importance) => {
        expect(batches(importance).flatMap((batch) => differences(format, batch))).toEqual([])
      })

      it.skipIf(!ggml)('needs importance where ggml says so', () => {
        expect(format.needsImportance).toBe(ggml!.requiresImportance(format.id))
      })
    })
  })
}
