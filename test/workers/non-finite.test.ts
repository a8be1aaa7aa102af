import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FORMATS } from '../../main/engine/quantizers/registry.ts'
import { createControl } from '../../main/workers/control.ts'
import { runTask } from '../../main/workers/engine-worker.ts'
import type { QuantizeTask } from '../../main/workers/protocol.ts'
import { randomImportance, randomRow, ROW_KINDS, seededRandom, type RowKind } from '../support/random-rows.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { floatTensorFile } from '../support/tensor-file.ts'

const LENGTH = 256
const ROWS = 3
const BAD = [NaN, Infinity, -Infinity]
const UNTOUCHED = 0xee
const KINDS = Object.keys(ROW_KINDS) as RowKind[]

const folder = new TemporaryFolder()
const importance = { values: new SharedArrayBuffer(LENGTH * 4) }
new Float32Array(importance.values).set(randomImportance('lognormal', LENGTH, 1))

/** Rows of one kind with one weight that is no number, at a place of their own. */
function spoiledRows(kind: RowKind, seed: number) {
  const random = seededRandom(seed)
  const weights = new Float32Array(ROWS * LENGTH)
  for (let row = 0; row < ROWS; row += 1) weights.set(randomRow(kind, LENGTH, seed + row), row * LENGTH)
  const place = Math.floor(random() * weights.length)
  weights[place] = BAD[seed % BAD.length] ?? NaN
  return { weights, row: Math.floor(place / LENGTH), column: place % LENGTH }
}

describe.each([true, false])('with native kernels %s', (useNative) => {
  it.each(FORMATS)('$name refuses NaN and infinity in rows of every kind and writes nothing', ({ name }) => {
    for (const [index, kind] of KINDS.entries()) {
      const { weights, row, column } = spoiledRows(kind, 7 * index)
      const outputPath = folder.write('out.bin', new Uint8Array(64).fill(UNTOUCHED))
      const task: QuantizeTask = {
        kind: 'quantize',
        source: floatTensorFile(folder, [LENGTH, ROWS], weights),
        firstRow: 0,
        rows: ROWS,
        target: { format: name, method: 'reference' },
        importance,
        outputPath,
        outputOffsetBytes: 0,
        control: createControl(),
        useNative,
      }
      const reply = runTask(task)
      expect(reply, kind).toMatchObject({ ok: false, error: { code: 'NON_FINITE_WEIGHT' } })
      expect(reply.ok ? '' : reply.error.message).toContain(`Row ${row}, column ${column} of`)
      expect(readFileSync(outputPath).every((byte) => byte === UNTOUCHED)).toBe(true)
    }
  })
})
