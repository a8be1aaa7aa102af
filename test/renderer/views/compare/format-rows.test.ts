import { describe, expect, test } from 'vitest'
import type { FormatInfo, Measurement } from '../../../../preload/contract.ts'
import {
  formatRowCell,
  formatRows,
  formatTable,
  isBest,
  shownMeasures,
  sortRows,
} from '../../../../renderer/views/compare/format-rows.ts'

function format(name: string, bpw: number): FormatInfo {
  return {
    name, id: 0, family: 'k', target: 'llama.cpp', blockSize: 32, blockBytes: bpw * 4, bpw,
    needsImportance: false, methods: ['reference'],
  } // prettier-ignore
}

function measurement(name: string, bpw: number, rest: Partial<Measurement> = {}): Measurement {
  return {
    tensor: 'blk.0.attn_q.weight', format: name, effectiveFormat: name, method: 'reference', bytes: 1000, bpw,
    mse: 1e-5, rmse: 3e-3, relativeError: 0.07, weightedRelativeError: null, outputRelativeError: null,
    cosine: 0.99741, angle: 4, maxAbsError: 0.01, sqnr: 23, sampledRows: 64, rows: 64, standardError: null,
    nonFinite: 0, ...rest,
  } // prettier-ignore
}

const GIVEN = { method: 'reference', hasImportance: false } as const
const formats = [format('Q8_0', 8.5), format('Q4_K', 4.5), format('Q4_0', 4.5)]
const measured = [
  measurement('Q4_K', 4.5),
  measurement('Q8_0', 8.5, { relativeError: 0.005, cosine: 0.9999, bytes: 2000 }),
]
const rows = formatRows(formats, measured, GIVEN)

test('every format has a row, measured or not, most bits first', () => {
  expect(rows.map((row) => [row.format, row.measurement !== null])).toEqual([
    ['Q8_0', true],
    ['Q4_0', false],
    ['Q4_K', true],
  ])
})

test('a format that needs importance says so until there is some', () => {
  const needy = { ...format('IQ2_XS', 2.3125), needsImportance: true }
  const [bare] = formatRows([needy], [], GIVEN)
  const [ready] = formatRows([needy], [], { ...GIVEN, hasImportance: true })
  expect(formatRowCell(bare!, 'relativeError').text).toBe('needs an imatrix')
  expect(formatRowCell(ready!, 'relativeError').text).toBe('–')
  expect(formatRowCell(ready!, 'rows').text).toBe('not yet')
})

test('measures without any value have no column', () => {
  const names = shownMeasures(rows).map((measure) => measure.name)
  expect(names).toContain('relativeError')
  expect(names).not.toContain('weightedRelativeError')
})

describe('cells', () => {
  const [row] = formatRows([], [measurement('Q4_K', 4.5, { effectiveFormat: 'Q5_0' })], GIVEN)
  const [estimate] = formatRows(
    [],
    [measurement('Q4_K', 4.5, { sampledRows: 8, standardError: 0.0021 })],
    GIVEN,
  )
  const [copy] = formatRows([], [measurement('F16', 16, { relativeError: 0, sqnr: null })], GIVEN)

  test('a fallback names both formats and the reason', () => {
    expect(formatRowCell(row!, 'format')).toMatchObject({ text: 'Q4_K → Q5_0' })
    expect(formatRowCell(row!, 'format').title).toContain('row length')
  })

  test('an estimate carries its standard error and its rows', () => {
    expect(formatRowCell(estimate!, 'relativeError')).toEqual({
      text: '≈ 0.0700 ± 0.0021',
      title: 'Estimate from 8 of 64 rows',
    })
    expect(formatRowCell(estimate!, 'rows').text).toBe('12.5 %')
  })

  test('a cosine keeps the digits that tell formats apart', () => {
    expect(formatRowCell(row!, 'cosine').text).toBe('0.99741')
  })

  test('an exact copy has no noise', () => {
    expect(formatRowCell(copy!, 'sqnr').text).toBe('∞')
  })

  test('bytes are exact on hover', () => {
    expect(formatRowCell(row!, 'bytes').title).toBe('1,000 bytes')
  })
})

test('the best of a column is the lowest error and the highest cosine', () => {
  const best = (column: string) => rows.filter((row) => isBest(row, column, rows)).map((row) => row.format)
  expect([best('relativeError'), best('cosine'), best('bytes')]).toEqual([['Q8_0'], ['Q8_0'], []])
})

test.each([
  [false, ['Q8_0', 'Q4_K', 'Q4_0']],
  [true, ['Q4_K', 'Q8_0', 'Q4_0']],
])('sorts by a measure with rows without a value at the end (descending: %s)', (descending, order) => {
  expect(sortRows(rows, { column: 'relativeError', descending }).map((row) => row.format)).toEqual(order)
})

test('the copied table holds every figure of what is measured', () => {
  const { columns, rows: records } = formatTable(rows)
  expect(records).toHaveLength(2)
  expect(records[1]?.[columns.indexOf('relativeError')]).toBe(0.07)
})
