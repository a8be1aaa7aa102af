import { describe, expect, it } from 'vitest'
import { toCsv, toJson } from '../../../renderer/components/table-text.ts'

describe('CSV of a table', () => {
  it('quotes what needs quoting and leaves null empty', () => {
    const table = { columns: ['name', 'error'], rows: [['a, "b"', 0.5], ['c', null]] } // prettier-ignore
    expect(toCsv(table)).toBe('name,error\n"a, ""b""",0.5\nc,\n')
  })

  it('keeps a spreadsheet from running a name as a formula', () => {
    const names = ['=1+1', '+x', '-x', '@x', '\tx']
    const lines = toCsv({ columns: ['name'], rows: names.map((name) => [name]) }).split('\n')
    expect(lines.slice(1, 6).map((line) => line.replace('"', '').charAt(0))).toEqual([
      "'",
      "'",
      "'",
      "'",
      "'",
    ])
  })

  it('leaves negative numbers numbers', () => {
    expect(toCsv({ columns: ['value'], rows: [[-0.25]] })).toBe('value\n-0.25\n')
  })

  it('writes booleans as words', () => {
    expect(toCsv({ columns: ['sampled'], rows: [[true], [false]] })).toBe('sampled\ntrue\nfalse\n')
  })
})

it('makes one JSON object per row', () => {
  const table = { columns: ['name', 'bytes'], rows: [['a', 1], ['b', null]] } // prettier-ignore
  expect(JSON.parse(toJson(table))).toEqual([
    { name: 'a', bytes: 1 },
    { name: 'b', bytes: null },
  ])
})
