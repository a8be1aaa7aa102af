import { putEntry, putHead, putTensorInfo } from './gguf-builder.ts'
import { craftFile } from './hostile-files.ts'
import type { Craft, HostileFile } from './hostile-files.ts'

type Row = readonly [code: string, name: string, craft: Craft, size?: number]

/** The legacy form has no magic number, so anything can be taken for it. */
const LEGACY: readonly Row[] = [
  ['NOT_AN_IMATRIX', 'an empty importance file', (s) => s.mark()],
  ['NOT_AN_IMATRIX', 'a negative entry count', (s) => s.mark().i32(-1).zeros(64)],
  [
    'NOT_AN_IMATRIX',
    'more entries than bytes',
    (s) =>
      s
        .mark()
        .i32(2 ** 31 - 1)
        .zeros(64),
  ],
  ['NOT_AN_IMATRIX', 'a negative name length', (s) => s.i32(1).mark().i32(-1).zeros(64)],
  [
    'NOT_AN_IMATRIX',
    'a huge name length',
    (s) =>
      s
        .i32(1)
        .mark()
        .i32(2 ** 31 - 1),
    2 ** 31,
  ],
  ['NOT_AN_IMATRIX', 'a negative call count', (s) => s.i32(1).i32(1).ascii('a').mark().i32(-1).zeros(64)],
  [
    'NOT_AN_IMATRIX',
    'a negative value count',
    (s) => s.i32(1).i32(1).ascii('a').i32(1).mark().i32(-1).zeros(64),
  ],
  [
    'NOT_AN_IMATRIX',
    'more values than bytes',
    (s) => s.i32(1).i32(1).ascii('a').i32(1).mark().i32(17).zeros(64),
  ],
  ['BAD_TEXT', 'a name of zero bytes', (s) => s.i32(1).i32(4).mark().zeros(64)],
  ['BAD_IMPORTANCE', 'a negative value', (s) => s.i32(1).i32(1).ascii('a').i32(1).i32(1).mark().f32(-1)],
  [
    'DUPLICATE_TENSOR',
    'an entry twice',
    (s) => s.i32(2).i32(1).ascii('a').i32(1).i32(1).f32(1).mark().i32(1).ascii('a').i32(1).i32(1).f32(1),
  ],
]

/** Sums of four columns and counts, as F32; the mark is left to the caller. */
function ggufImatrix(
  mark: 'sums' | 'data',
  sums: readonly number[],
  counts: readonly number[] | null,
): Craft {
  return (sink) => {
    putHead(sink, counts === null ? 1 : 2, 1)
    putEntry(sink, ['general.type', 'string', 'imatrix'])
    if (mark === 'sums') sink.mark()
    putTensorInfo(sink, 'a.in_sum2', [sums.length], 0, 0)
    if (counts !== null) putTensorInfo(sink, 'a.counts', [counts.length], 0, 32)
    sink.padTo(32)
    if (mark === 'data') sink.mark()
    sink.f32(...sums).padTo(32)
    sink.f32(...(counts ?? [])).padTo(32)
  }
}

const GGUF: readonly Row[] = [
  ['NOT_AN_IMATRIX', 'a model as importance matrix', (s) => putHead(s.mark(), 0, 0).zeros(64)],
  ['BAD_IMATRIX', 'sums without counts', ggufImatrix('sums', [1, 2, 3, 4], null)],
  ['BAD_IMATRIX', 'four sums for three counts', ggufImatrix('sums', [1, 2, 3, 4], [1, 1, 1])],
  ['BAD_IMPORTANCE', 'a sum that is negative', ggufImatrix('data', [-1, 2, 3, 4], [1])],
]

export function hostileImportanceFiles(): HostileFile[] {
  return [...LEGACY, ...GGUF].map(([code, name, craft, size]) =>
    craftFile('imatrix', code, name, craft, size === undefined ? {} : { size }),
  )
}
