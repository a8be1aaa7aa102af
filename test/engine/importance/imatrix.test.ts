import { describe, expect, test } from 'vitest'

import { fingerprintImatrix, readImatrix } from '../../../main/engine/importance/read-imatrix.ts'
import { ByteSink } from '../../support/byte-sink.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import { SAMPLE_FOLDER } from '../../support/sample-model.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'

const folder = new TemporaryFolder()

function legacy(
  entries: readonly (readonly [name: string, calls: number, sums: readonly number[]])[],
): ByteSink {
  const sink = new ByteSink().i32(entries.length)
  for (const [name, calls, sums] of entries) {
    sink
      .i32(name.length)
      .ascii(name)
      .i32(calls)
      .i32(sums.length)
      .f32(...sums)
  }
  return sink
}

function experts(counts: readonly number[], littleEndian = true): Uint8Array {
  const encode = (values: readonly number[]) => new ByteSink(littleEndian).f32(...values).bytes
  return buildGguf({
    littleEndian,
    metadata: [['general.type', 'string', 'imatrix']],
    tensors: [
      { name: 'a.in_sum2', shape: [2, 3], data: encode([1, 2, 3, 4, 5, 6]) },
      { name: 'a.counts', shape: [1, 3], data: encode(counts) },
      { name: 'a.in_sum', shape: [2, 3], data: encode([0, 0, 0, 0, 0, -1]) },
    ],
  })
}

describe('the sample', () => {
  const gguf = readImatrix(`${SAMPLE_FOLDER}/imatrix.gguf`)
  const dat = readImatrix(`${SAMPLE_FOLDER}/imatrix.dat`)

  test('is read in both forms', () => {
    expect(gguf).toMatchObject({ kind: 'gguf', datasets: ['calib.txt'], chunkCount: 213 })
    expect(dat).toMatchObject({ kind: 'legacy', datasets: ['calib.txt'], chunkCount: 213 })
    expect(gguf.entries.size).toBe(43)
    expect([...dat.entries.keys()].sort()).toEqual([...gguf.entries.keys()].sort())
  })

  test('has the same means in both forms, up to their rounding', () => {
    for (const [name, { values }] of dat.entries) {
      const other = gguf.entries.get(name)!.values
      values.forEach((value, index) => expect(Math.abs(value / other[index]! - 1)).toBeLessThan(2 ** -22))
    }
  })
})

describe('an importance file', () => {
  test('in legacy form divides by the calls', () => {
    const path = folder.write('calls.dat', legacy([['a', 4, [1, 2, 6]]]).bytes)
    expect(readImatrix(path).entries.get('a')).toEqual({
      values: Float32Array.of(0.25, 0.5, 1.5),
      experts: 1,
      emptyExperts: [],
    })
  })

  test('in legacy form may end with its entries', () => {
    const path = folder.write('short.dat', legacy([['a', 1, [1]]]).bytes)
    expect(readImatrix(path)).toMatchObject({ datasets: [], chunkCount: null })
  })

  test('without calls says nothing', () => {
    const path = folder.write('none.dat', legacy([['a', 0, [0, 0]]]).bytes)
    expect(readImatrix(path).entries.get('a')).toEqual({
      values: Float32Array.of(1, 1),
      experts: 1,
      emptyExperts: [0],
    })
  })

  test.each([NaN, Infinity])('with the value %s is read: its other entries are sound', (value) => {
    const sink = legacy([
      ['a', 2, [1, value]],
      ['b', 2, [4]],
    ])
    const { entries } = readImatrix(folder.write('value.dat', sink.bytes))
    expect([...entries.get('a')!.values]).toEqual([0.5, value])
    expect([...entries.get('b')!.values]).toEqual([2])
  })

  test.each([true, false])('divides each expert by its count (little endian %s)', (littleEndian) => {
    const path = folder.write('experts.gguf', experts([1, 0, 4], littleEndian))
    expect(readImatrix(path).entries.get('a')).toEqual({
      values: Float32Array.of(1, 2, 1, 1, 1.25, 1.5),
      experts: 3,
      emptyExperts: [1],
    })
  })

  test('with a negative count points at it', () => {
    const bytes = experts([1, -1, 4])
    const error = errorOf(() => readImatrix(folder.write('negative.gguf', bytes)))
    expect(error).toMatchObject({ code: 'BAD_IMPORTANCE', message: 'Count 1 of the importance of a is -1' })
    expect(new DataView(bytes.buffer).getFloat32(error!.offset!, true)).toBe(-1)
  })

  test('cut anywhere is refused', () => {
    const bytes = legacy([
      ['first', 1, [1, 2]],
      ['second', 1, [3]],
    ]).bytes
    const codes = Array.from(bytes, (_, length) => {
      const path = folder.write('cut.dat', bytes.subarray(0, length))
      return errorOf(() => readImatrix(path))?.code
    })
    expect(new Set(codes)).toEqual(new Set(['NOT_AN_IMATRIX', 'TRUNCATED']))
  })

  test('that is something else is refused', () => {
    const path = folder.write('text.dat', 'Call me Ishmael. Some years ago')
    expect(errorOf(() => readImatrix(path))?.code).toBe('NOT_AN_IMATRIX')
  })
})

describe('the fingerprint', () => {
  const of = (...entries: [string, number, number[]][]) =>
    fingerprintImatrix(readImatrix(folder.write('print.dat', legacy(entries).bytes)))

  test('does not depend on the order of the entries', () => {
    expect(of(['a', 1, [1]], ['b', 1, [2]])).toBe(of(['b', 1, [2]], ['a', 1, [1]]))
  })

  test.each<[string, [string, number, number[]]]>([
    ['a value', ['a', 1, [3]]],
    ['a name', ['b', 1, [1]]],
    ['a length', ['a', 1, [1, 1]]],
  ])('changes with %s', (_, entry) => {
    expect(of(entry)).not.toBe(of(['a', 1, [1]]))
  })
})
