import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { Piscina } from 'piscina'
import { afterAll, describe, expect, it } from 'vitest'
import { rowBands } from '../../main/engine/metrics/row-bands.ts'
import { encodedBytes } from '../../main/engine/quantizers/format.ts'
import { formatByName } from '../../main/engine/quantizers/registry.ts'
import {
  cancelControl,
  createControl,
  pauseControl,
  resumeControl,
  weightsDone,
} from '../../main/workers/control.ts'
import type {
  HistogramTask,
  MeasureTask,
  QuantizeTask,
  SharedImportance,
  Task,
  TaskReply,
  TensorSource,
} from '../../main/workers/protocol.ts'
import { randomImportance, randomRow } from '../support/random-rows.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { floatTensorFile, tensorFile } from '../support/tensor-file.ts'

const folder = new TemporaryFolder()
const filename = new URL('../../main/workers/engine-worker.ts', import.meta.url).pathname
const threads = (count: number) =>
  new Piscina({ filename, name: 'runTask', minThreads: count, maxThreads: count })
const pool = threads(2)
afterAll(() => pool.destroy())

async function run<T extends Task>(task: T, where: Piscina = pool): Promise<TaskReply<T['kind']>> {
  return (await where.run(task)) as TaskReply<T['kind']>
}

function shared(values: Float32Array): SharedImportance {
  const buffer = new SharedArrayBuffer(values.byteLength)
  new Float32Array(buffer).set(values)
  return { values: buffer }
}

const base = (source: TensorSource) => ({ source, control: createControl(), useNative: false })

function measureTask(source: TensorSource, changes: Partial<MeasureTask> = {}): MeasureTask {
  const targets = [{ format: 'Q4_0', method: 'reference' as const }]
  return {
    kind: 'measure', band: 0, sample: 1, targets, importance: null, covariance: null, ...base(source), ...changes,
  } // prettier-ignore
}

function quantizeTask(
  source: TensorSource,
  outputPath: string,
  changes: Partial<QuantizeTask> = {},
): QuantizeTask {
  const rows = source.shape.slice(1).reduce((product, size) => product * size, 1)
  const target = { format: 'Q4_0', method: 'reference' as const }
  return {
    kind: 'quantize', firstRow: 0, rows, target, importance: null, outputPath, outputOffsetBytes: 32, ...base(source), ...changes,
  } // prettier-ignore
}

const output = (name: string, bytes: number): string => folder.write(name, new Uint8Array(bytes).fill(0x55))

/** What the quantizer itself gives for rows with one importance vector. */
function encoded(
  weights: Float32Array,
  rowLength: number,
  name: string,
  vector: Float32Array | null = null,
): Buffer {
  const format = formatByName(name)!
  const rows = Array.from({ length: weights.length / rowLength }, (_, row) => {
    const bytes = new Uint8Array(encodedBytes(format, rowLength))
    format.methods.reference!(weights.subarray(row * rowLength, (row + 1) * rowLength), vector, bytes)
    return bytes
  })
  return Buffer.concat(rows)
}

describe('the task "fingerprint"', () => {
  it('hashes type, shape, byte order and stored bytes', async () => {
    const weights = randomRow('gauss', 64 * 5000, 1)
    const source = floatTensorFile(folder, [64, 5000], weights)
    const hash = createHash('sha256')
      .update('["F32",[64,5000],"little"]')
      .update(new Uint8Array(weights.buffer))
    expect(await run({ kind: 'fingerprint', ...base(source) })).toEqual({
      ok: true,
      value: hash.digest('hex'),
    })
  })

  it('tells apart the same bytes in another shape', async () => {
    const weights = randomRow('gauss', 256, 1)
    const replies = await Promise.all(
      [[256], [64, 4], [4, 64]].map((shape) =>
        run({ kind: 'fingerprint', ...base(floatTensorFile(folder, shape, weights)) }),
      ),
    )
    expect(new Set(replies.map((reply) => reply.ok && reply.value)).size).toBe(3)
  })
})

describe('the task "measure"', () => {
  const source = floatTensorFile(folder, [256, 400], randomRow('heavy', 256 * 400, 2))
  const targets = ['Q4_K', 'Q8_0'].map((format) => ({ format, method: 'reference' as const }))
  const importance = shared(randomImportance('lognormal', 256, 1))

  it('gives the same sums whatever the number of threads, and counts weights times targets', async () => {
    const alone = threads(1)
    const control = createControl()
    const tasks = rowBands(source.shape).map((_, band) =>
      measureTask(source, { band, targets, importance, control }),
    )
    const together = await Promise.all(tasks.map((task) => run(task)))
    expect(weightsDone(control)).toBe(256 * 400 * 2)
    const oneByOne = await Promise.all(tasks.map((task) => run(task, alone)))
    await alone.destroy()
    expect(together.every((reply) => reply.ok && reply.value.length === 2)).toBe(true)
    expect(together).toEqual(oneByOne)
  })

  it('refuses unknown formats, rows that do not fit and vectors of another tensor', async () => {
    const short = floatTensorFile(folder, [96, 2], randomRow('gauss', 192, 1))
    const q4k = [{ format: 'Q4_K', method: 'reference' as const }]
    const unknown = [{ format: 'Q9_X', method: 'reference' as const }]
    const wrong = shared(new Float32Array(7))
    const covariance = { values: new SharedArrayBuffer(8) }
    const codes = await Promise.all(
      [
        measureTask(short, { targets: unknown }),
        measureTask(short, { targets: q4k }),
        measureTask(short, { importance: wrong }),
        measureTask(short, { covariance }),
      ].map(async (task) => {
        const reply = await run(task)
        return reply.ok ? null : reply.error.code
      }),
    )
    expect(codes).toEqual(['FORMAT_UNKNOWN', 'ROW_LENGTH', 'IMPORTANCE_SHAPE', 'COVARIANCE_SHAPE'])
  })

  it('notices a file that changed since it was opened', async () => {
    const grown = floatTensorFile(folder, [64], randomRow('gauss', 64, 1))
    appendFileSync(grown.file.path, 'x')
    expect(await run(measureTask(grown))).toMatchObject({
      ok: false,
      error: { code: 'FILE_CHANGED', fault: 'input' },
    })
  })

  it('reports a band that does not exist as a fault of ours', async () => {
    const reply = await run(measureTask(source, { band: 99 }))
    expect(reply).toMatchObject({ ok: false, error: { fault: 'bug' } })
  })
})

describe("a job's switch", () => {
  const rows = 20_000
  const weights = new Float32Array(256 * rows)
  for (let row = 0; row < rows; row += 1) weights.set(randomRow('gauss', 256, row % 50), 256 * row)
  const source = floatTensorFile(folder, [256, rows], weights)

  it('stops a task that has not begun', async () => {
    const task = measureTask(source)
    cancelControl(task.control)
    expect(await run(task)).toMatchObject({ ok: false, error: { code: 'CANCELLED' } })
  })

  it('holds a running task while paused, lets it go on, and stops it', async () => {
    const target = { format: 'Q4_K', method: 'reference' as const }
    const importance = shared(randomImportance('lognormal', 256, 1))
    const path = output('paused.bin', 32 + 144 * rows)
    const task = quantizeTask(source, path, { target, importance })
    pauseControl(task.control)
    const reply = run(task)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(weightsDone(task.control)).toBe(0)
    resumeControl(task.control)
    while (weightsDone(task.control) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    cancelControl(task.control)
    expect(await reply).toMatchObject({ ok: false, error: { code: 'CANCELLED' } })
    expect(weightsDone(task.control)).toBeLessThan(weights.length)
  })
})

describe('the task "histogram"', () => {
  it('describes the weights', async () => {
    const source = floatTensorFile(folder, [64, 100], randomRow('gauss', 6400, 3))
    const task: HistogramTask = { kind: 'histogram', bins: 32, sample: 1, ...base(source) }
    const reply = await run(task)
    expect(reply).toMatchObject({ ok: true, value: { count: 6400, rows: 100, sampledRows: 100 } })
    expect(weightsDone(task.control)).toBe(6400)
  })
})

describe('the task "quantize"', () => {
  it('writes the rows at their place and nothing else', async () => {
    const weights = randomRow('gauss', 64 * 10, 1)
    const source = floatTensorFile(folder, [64, 10], weights)
    const path = output('rows.bin', 32 + 36 * 10 + 8)
    const reply = await run(quantizeTask(source, path, { firstRow: 3, rows: 4 }))
    expect(reply).toEqual({ ok: true, value: { writtenBytes: 144 } })
    const written = readFileSync(path)
    const expected = encoded(weights.subarray(3 * 64, 7 * 64), 64, 'Q4_0')
    expect(written.subarray(32 + 3 * 36, 32 + 7 * 36)).toEqual(expected)
    const rest = Buffer.concat([written.subarray(0, 32 + 3 * 36), written.subarray(32 + 7 * 36)])
    expect(rest.every((byte) => byte === 0x55)).toBe(true)
  })

  it('gives the same bytes in one task or many, with the importance of each expert slice', async () => {
    const rows = 1300
    const weights = randomRow('heavy', 256 * rows * 2, 4)
    const source = floatTensorFile(folder, [256, rows, 2], weights)
    const vectors = [randomImportance('lognormal', 256, 1), randomImportance('scattered zeros', 256, 2)]
    const importance = shared(Float32Array.from(vectors.flatMap((vector) => [...vector])))
    const target = { format: 'Q6_K', method: 'reference' as const }
    const size = 32 + 210 * rows * 2
    const [whole, parts] = [output('whole.bin', size), output('parts.bin', size)]
    await run(quantizeTask(source, whole, { target, importance }))
    await Promise.all(
      [0, 1000, 1299, 2000].map((firstRow, i, starts) =>
        run(
          quantizeTask(source, parts, {
            target,
            importance,
            firstRow,
            rows: (starts[i + 1] ?? rows * 2) - firstRow,
          }),
        ),
      ),
    )
    const half = weights.length / 2
    const expected = Buffer.concat([
      encoded(weights.subarray(0, half), 256, 'Q6_K', vectors[0]),
      encoded(weights.subarray(half), 256, 'Q6_K', vectors[1]),
    ])
    expect(readFileSync(whole).subarray(32).equals(expected)).toBe(true)
    expect(readFileSync(parts).equals(readFileSync(whole))).toBe(true)
  })

  it.each([NaN, Infinity])('refuses a weight of %d and names tensor, row and column', async (bad) => {
    const weights = randomRow('gauss', 64 * 10, 1)
    weights[64 * 7 + 5] = bad
    const source = floatTensorFile(folder, [64, 10], weights)
    const reply = await run(quantizeTask(source, output('bad.bin', 400)))
    expect(reply).toMatchObject({
      ok: false,
      error: { code: 'NON_FINITE_WEIGHT', place: 'blk.0.test.weight' },
    })
    expect(reply.ok ? '' : reply.error.message).toContain('Row 7, column 5 of blk.0.test.weight')
  })

  it('refuses weights whose scale overflows', async () => {
    const source = floatTensorFile(folder, [64, 2], randomRow('scale overflows f16', 128, 1))
    for (const format of ['Q4_0', 'F16', 'Q8_0']) {
      const target = { format, method: 'reference' as const }
      const reply = await run(quantizeTask(source, output('overflow.bin', 600), { target }))
      expect(reply, format).toMatchObject({ ok: false, error: { code: 'WEIGHT_OVERFLOW' } })
    }
    const target = { format: 'BF16', method: 'reference' as const }
    expect(await run(quantizeTask(source, output('fits.bin', 600), { target }))).toMatchObject({ ok: true })
  })

  it('decodes a quantized source', async () => {
    const weights = randomRow('gauss', 64 * 4, 1)
    const bytes = encoded(weights, 64, 'Q8_0')
    const decoded = new Float32Array(weights.length)
    formatByName('Q8_0')!.dequantize(bytes, decoded)
    const source = tensorFile(folder, { type: 'Q8_0', shape: [64, 4], bytes })
    const path = output('requantized.bin', 32 + 36 * 4)
    await run(quantizeTask(source, path))
    expect(readFileSync(path).subarray(32)).toEqual(encoded(decoded, 64, 'Q4_0'))
  })

  it('notices a source that was cut off', async () => {
    const source = floatTensorFile(folder, [64, 10], randomRow('gauss', 640, 1))
    truncateSync(source.file.path, 100)
    const reply = await run(quantizeTask(source, output('cut.bin', 400)))
    expect(reply).toMatchObject({ ok: false, error: { code: 'FILE_CHANGED' } })
  })

  it('says which file cannot be written', async () => {
    const source = floatTensorFile(folder, [64, 1], randomRow('gauss', 64, 1))
    const reply = await run(quantizeTask(source, `${folder.path}/absent.bin`))
    expect(reply).toMatchObject({
      ok: false,
      error: { code: 'FILE_NOT_WRITABLE', place: `${folder.path}/absent.bin` },
    })
  })

  it.skipIf(!existsSync('/dev/full'))('says so when the disk is full (needs /dev/full)', async () => {
    const source = floatTensorFile(folder, [64, 1], randomRow('gauss', 64, 1))
    expect(await run(quantizeTask(source, '/dev/full'))).toMatchObject({
      ok: false,
      error: { code: 'DISK_FULL' },
    })
  })
})

describe('the task "copy"', () => {
  it('copies stored bytes unchanged, also of types that cannot be decoded, and counts their weights', async () => {
    const bytes = new Uint8Array(3_000_000).map((_, i) => (i * 7) ^ (i >>> 8))
    const source = tensorFile(folder, { type: 'type 147 (unknown)', shape: [1000, 1000], bytes })
    const path = output('copy.bin', 16 + bytes.length + 16)
    const control = createControl()
    const task = { kind: 'copy' as const, outputPath: path, outputOffsetBytes: 16, ...base(source), control }
    expect(await run(task)).toEqual({ ok: true, value: { writtenBytes: 3_000_000 } })
    const written = readFileSync(path)
    expect(written.subarray(16, -16).equals(bytes)).toBe(true)
    expect([...written.subarray(0, 16), ...written.subarray(-16)].every((byte) => byte === 0x55)).toBe(true)
    expect(weightsDone(control)).toBe(1_000_000)
  })

  const bigEndianCopy = async (type: string, shape: readonly number[], bytes: Uint8Array) => {
    const source = tensorFile(folder, { type, shape, bytes, littleEndian: false })
    const path = output('swapped.bin', bytes.length)
    const reply = await run({ kind: 'copy', outputPath: path, outputOffsetBytes: 0, ...base(source) })
    return { reply, written: readFileSync(path) }
  }

  it('turns big-endian words to little endian', async () => {
    const floats = await bigEndianCopy('F32', [2], Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    expect([...floats.written]).toEqual([4, 3, 2, 1, 8, 7, 6, 5])
    const integers = await bigEndianCopy('I16', [2], Uint8Array.of(1, 2, 3, 4))
    expect([...integers.written]).toEqual([2, 1, 4, 3])
    const blocks = await bigEndianCopy(
      'Q4_0',
      [64],
      Uint8Array.from({ length: 36 }, (_, i) => i),
    )
    expect([...blocks.written.subarray(0, 4), ...blocks.written.subarray(18, 22)]).toEqual([
      1, 0, 2, 3, 19, 18, 20, 21,
    ])
  })

  it('turns blocks that do not divide a chunk', async () => {
    const bytes = new Uint8Array(210 * 10_000).map((_, i) => (i % 210 >= 208 ? i % 2 : 7))
    const { written } = await bigEndianCopy('Q6_K', [256, 10_000], bytes)
    expect(written.every((byte, i) => byte === (i % 210 >= 208 ? 1 - (i % 2) : 7))).toBe(true)
  })

  it('refuses big-endian blocks of an unknown layout', async () => {
    const { reply } = await bigEndianCopy('type 147 (unknown)', [4], Uint8Array.of(1, 2, 3, 4))
    expect(reply).toMatchObject({ ok: false, error: { code: 'BYTE_ORDER', place: 'blk.0.test.weight' } })
  })
})
