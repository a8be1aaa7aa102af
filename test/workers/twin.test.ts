import { copyFileSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { encodedBytes } from '../../main/engine/quantizers/format.ts'
import { formatByName } from '../../main/engine/quantizers/registry.ts'
import { createControl } from '../../main/workers/control.ts'
import { runTask } from '../../main/workers/engine-worker.ts'
import type { TensorSource, TwinSums, TwinTask } from '../../main/workers/protocol.ts'
import { randomImportance, randomRow } from '../support/random-rows.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { tensorFile } from '../support/tensor-file.ts'

const folder = new TemporaryFolder()
const [COLUMNS, ROWS] = [64, 48]

const format = (name: string) => formatByName(name)!

/** A file with one tensor in a float type, and the weights as they are stored. */
function floats(type: string, shape: readonly number[] = [COLUMNS, ROWS], seed = 1) {
  const weights = randomRow('heavy', shape.reduce((a, b) => a * b, 1), seed) // prettier-ignore
  const bytes = new Uint8Array(encodedBytes(format(type), weights.length))
  format(type).methods.reference!(weights, null, bytes)
  format(type).dequantize(bytes, weights)
  return { source: tensorFile(folder, { type, shape, bytes }), weights }
}

function run(source: TensorSource, changes: Partial<TwinTask> = {}): { outputPath: string; reply: unknown } {
  const outputPath = `${source.file.path}.copy`
  copyFileSync(source.file.path, outputPath)
  const reply = runTask({
    kind: 'twin',
    source,
    firstRow: 0,
    rows: ROWS,
    target: { format: 'Q4_0', method: 'reference' },
    importance: null,
    outputPath,
    outputOffsetBytes: source.offsetBytes,
    control: createControl(),
    useNative: false,
    ...changes,
  })
  return { outputPath, reply }
}

/** What the weights become, row by row, by the registry's own functions. */
function twinOf(
  type: string,
  weights: Float32Array,
  importanceOf: (row: number) => Float32Array | null = () => null,
) {
  const bytes = new Uint8Array(encodedBytes(format(type), weights.length))
  const twin = new Float32Array(weights.length)
  for (let at = 0; at < weights.length; at += COLUMNS) {
    const blocks = new Uint8Array(encodedBytes(format('Q4_0'), COLUMNS))
    format('Q4_0').methods.reference!(weights.subarray(at, at + COLUMNS), importanceOf(at / COLUMNS), blocks)
    format('Q4_0').dequantize(blocks, twin.subarray(at, at + COLUMNS))
  }
  format(type).methods.reference!(twin, null, bytes)
  format(type).dequantize(bytes, twin)
  return { bytes, twin }
}

it.each(['F32', 'F16', 'BF16'])('writes the twin in %s at its place and nothing else', (type) => {
  const { source, weights } = floats(type)
  const { outputPath, reply } = run(source)
  const { bytes, twin } = twinOf(type, weights)
  const [before, after] = [readFileSync(source.file.path), readFileSync(outputPath)]
  expect(after.subarray(0, source.offsetBytes)).toEqual(before.subarray(0, source.offsetBytes))
  expect(after.subarray(source.offsetBytes).equals(bytes)).toBe(true)
  expect(after.equals(before)).toBe(false)
  const sums = (reply as { value: TwinSums }).value
  const error2 = twin.reduce((sum, value, i) => sum + (value - weights[i]!) ** 2, 0)
  expect(sums.error2 / error2).toBeCloseTo(1, 12)
  expect(sums.weight2 / weights.reduce((sum, value) => sum + value ** 2, 0)).toBeCloseTo(1, 12)
  expect([sums.importanceError2, sums.importanceWeight2]).toEqual([0, 0])
})

it('uses the importance of each expert slice, for the codes and for the sums', () => {
  const [slices, rows] = [3, 8]
  const { source, weights } = floats('F16', [COLUMNS, rows, slices], 5)
  const values = randomImportance('lognormal', COLUMNS * slices, 6)
  const shared = new SharedArrayBuffer(values.byteLength)
  new Float32Array(shared).set(values)
  const { outputPath, reply } = run(source, { rows: rows * slices, importance: { values: shared } })
  const ofRow = (row: number): Float32Array => {
    const slice = Math.floor(row / rows)
    return values.subarray(slice * COLUMNS, (slice + 1) * COLUMNS)
  }
  const { bytes, twin } = twinOf('F16', weights, ofRow)
  expect(readFileSync(outputPath).subarray(source.offsetBytes).equals(bytes)).toBe(true)
  const sums = (reply as { value: TwinSums }).value
  const weighted = twin.reduce((sum, value, i) => {
    return sum + ofRow(Math.floor(i / COLUMNS))[i % COLUMNS]! * (value - weights[i]!) ** 2
  }, 0)
  expect(sums.importanceError2 / weighted).toBeCloseTo(1, 12)
})

it('gives the same bytes in one task or several', () => {
  const { source } = floats('F16')
  const whole = readFileSync(run(source).outputPath)
  const { outputPath } = run(source, { rows: 20 })
  const rest = { firstRow: 20, rows: ROWS - 20, outputPath, outputOffsetBytes: source.offsetBytes }
  const task = {
    kind: 'twin',
    source,
    target: { format: 'Q4_0', method: 'reference' },
    importance: null,
  } as const
  runTask({ ...task, ...rest, control: createControl(), useNative: false })
  expect(readFileSync(outputPath).equals(whole)).toBe(true)
})

it('refuses a source that is quantized already, and weights that are not finite', () => {
  const bytes = new Uint8Array(encodedBytes(format('Q8_0'), COLUMNS * ROWS))
  const quantized = tensorFile(folder, { type: 'Q8_0', shape: [COLUMNS, ROWS], bytes })
  expect(run(quantized).reply).toMatchObject({ ok: false, error: { code: 'SOURCE_QUANTIZED' } })
  const halves = new Uint8Array(2 * COLUMNS * ROWS)
  halves[2 * COLUMNS * 3 + 1] = 0x7c
  const infinite = tensorFile(folder, { type: 'F16', shape: [COLUMNS, ROWS], bytes: halves })
  expect(run(infinite).reply).toMatchObject({
    ok: false,
    error: {
      code: 'NON_FINITE_WEIGHT',
      message: 'Row 3, column 0 of blk.0.test.weight is Infinity',
    },
  })
})
