import { describe, expect, it } from 'vitest'
import { parseBitsPerWeight, parseBytes } from '../../main/cli/arguments.ts'
import { assignments, factors } from '../../main/cli/assignments.ts'
import { toCsv } from '../../main/cli/csv.ts'
import { formatBytes, formatCount, formatDuration, formatFigure } from '../../main/cli/numbers.ts'
import { choicesOf } from '../../main/cli/plan-choices.ts'
import { printable } from '../../main/cli/printable.ts'
import { Progress } from '../../main/cli/progress.ts'
import { renderTable } from '../../main/cli/table.ts'
import type { Model } from '../../main/engine/formats/model.ts'
import type { Plan } from '../../preload/contract.ts'
import { errorOf } from '../support/thrown.ts'

describe('a CSV table', () => {
  it('lets no name run as a formula, and leaves numbers alone', () => {
    const rows = [
      { name: '=cmd()', value: -0.5 },
      { name: '@x', value: null },
      { name: 'a,"b"', value: 1 },
    ]
    expect(toCsv(['name', 'value'], rows)).toBe(`name,value\n'=cmd(),-0.5\n'@x,\n"a,""b""",1\n`)
  })
})

describe('text for a terminal', () => {
  it('has no control characters and no reversed direction', () => {
    expect(printable('a\u001b[31mb\u0000c\u202ed\ne')).toBe('a\\u{1b}[31mb\\u{0}c\\u{202e}d e')
  })

  it('stays as it is in any script', () => {
    expect(printable('blk.0 — größer 模型')).toBe('blk.0 — größer 模型')
  })
})

describe('a table', () => {
  it('sets numbers right and text left', () => {
    const columns = [
      { title: 'name', value: (row: readonly [string, string]) => row[0] },
      { title: 'n', align: 'right' as const, value: (row: readonly [string, string]) => row[1] },
    ]
    expect(
      renderTable(columns, [
        ['a', '10'],
        ['long', '7'],
      ]),
    ).toMatch(/name {3}n.*\na {5}10\nlong {3}7$/)
  })
})

describe('numbers', () => {
  it('have units and three digits', () => {
    expect([0, 900, 1536, 13_740_800, 1e15].map(formatBytes)).toEqual([
      '0 B',
      '900 B',
      '1.50 KiB',
      '13.1 MiB',
      '909 TiB',
    ])
    expect([12, 6_819_072, 70e9].map(formatCount)).toEqual(['12', '6.82M', '70.0B'])
    expect([null, 0, 0.07184, 1.234e-7, 123_456].map(formatFigure)).toEqual([
      '-',
      '0',
      '0.0718',
      '1.23e-7',
      '1.23e+5',
    ])
    expect([0, 12_000, 3_725_000].map(formatDuration)).toEqual(['0:00', '0:12', '1:02:05'])
  })
})

describe('progress', () => {
  /** What is written to a stream of the given kind. */
  function written(isTTY: boolean, quiet: boolean): string {
    let text = ''
    const stream = { isTTY, columns: 80, write: (part: string) => ((text += part), true) }
    const progress = new Progress(stream as never, quiet)
    const state = { label: 'Measure', fraction: 0.5, bytesPerSecond: 2 ** 20, remainingMs: 12_000 }
    progress.show(state)
    progress.show(state)
    progress.end()
    return text
  }

  it('is a bar on a terminal, cleared at the end', () => {
    const line = `\r\u001b[2K[${'#'.repeat(12)}${'-'.repeat(12)}] Measure 50 % · 1.00 MiB/s · 0:12 left`
    expect(written(true, false)).toBe(`${line}${line}\r\u001b[2K`)
  })

  it('is a plain line now and then elsewhere', () => {
    expect(written(false, false)).toBe('Measure 50 % · 1.00 MiB/s · 0:12 left\n')
  })

  it('is nothing when quiet', () => {
    expect(written(true, true)).toBe('')
  })
})

describe('options for matching tensors', () => {
  const tensors = ['blk.0.attn_q.weight', 'blk.1.attn_q.weight', 'output.weight'].map((name) => ({
    name,
    quantizable: true,
  }))
  const model = { path: 'model.gguf', tensors } as unknown as Model

  it('name those that match; the last one counts', () => {
    expect(assignments(model, '--pin', ['blk.*.attn_q.weight=Q6_K', 'blk.1.*=Q8_0'])).toEqual({
      'blk.0.attn_q.weight': 'Q6_K',
      'blk.1.attn_q.weight': 'Q8_0',
    })
  })

  it('split at the last sign, so that a glob may hold one', () => {
    expect(errorOf(() => assignments(model, '--pin', ['a=b=Q8_0']))?.message).toContain('a=b')
  })

  it.each(['output.weight', '=Q4_K', 'blk.*='])('are refused when incomplete: %s', (text) => {
    const error = errorOf(() => assignments(model, '--minimum', [text]))
    expect(error).toMatchObject({ code: 'BAD_ARGUMENT', message: `--minimum ${text} is incomplete` })
  })

  it.each(['nothing=Q4_K', 'blk.2.*=Q4_K'])('are refused when nothing matches: %s', (text) => {
    expect(errorOf(() => assignments(model, '--pin', [text]))?.code).toBe('NO_MATCH')
  })

  it('have factors that are numbers of at least 0', () => {
    expect(factors(model, '--multiplier', ['output.*=2.5', 'blk.0.*=0'])).toEqual({
      'output.weight': 2.5,
      'blk.0.attn_q.weight': 0,
    })
    for (const bad of ['-1', 'many', 'NaN', ' ', 'Infinity']) {
      const error = errorOf(() => factors(model, '--multiplier', [`output.*=${bad}`]))
      expect(error?.code).toBe('BAD_ARGUMENT')
    }
  })
})

describe('choices of a plan', () => {
  it('leave out what keeps its stored bytes', () => {
    const tensor = { bytes: 1, error: null, format: 'F16' }
    const tensors = [
      { ...tensor, name: 'a', requested: 'Q4_K', method: 'reference' as const },
      { ...tensor, name: 'b', requested: 'F32', method: null },
    ]
    expect(choicesOf({ tensors } as unknown as Plan)).toEqual({ a: { format: 'Q4_K', method: 'reference' } })
  })
})

describe('a size', () => {
  it.each([
    ['4500000', 4_500_000],
    ['3.9GB', 3_900_000_000],
    ['4.2GiB', 4_509_715_660],
    ['1 gib', 2 ** 30],
    ['12kB', 12_000],
    ['0.5 MiB', 2 ** 19],
    ['7B', 7],
  ])('of %s is so many bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes)
  })

  it.each(['', '0', '-1', '4G', '4 parsecs', '1e9', '4.2.1GB', 'GiB', '9999999TiB', '0.1', 'NaN'])(
    'is not read from "%s"',
    (text) => {
      expect(() => parseBytes(text)).toThrow('Expected bytes')
    },
  )

  it('in bits per weight is above 0', () => {
    expect(parseBitsPerWeight('4.25')).toBe(4.25)
    for (const bad of ['', '0', '-4', 'four', '65']) {
      expect(() => parseBitsPerWeight(bad)).toThrow('bits per weight')
    }
  })
})
