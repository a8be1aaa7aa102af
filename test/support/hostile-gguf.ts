import { putEntry, putHead, putTensorInfo, VALUE_TYPE_IDS } from './gguf-builder.ts'
import { craftFile } from './hostile-files.ts'
import type { ByteSink } from './byte-sink.ts'
import type { Craft, HostileFile } from './hostile-files.ts'

const MAX_U64 = 2n ** 64n - 1n
const Q4_K = 12
const F64 = 28
const UNKNOWN_TYPE = 139

type Row = readonly [code: string, name: string, craft: Craft, size?: number]

/** One metadata entry up to its value, with the rest of the file long enough for what comes. */
function entryHead(sink: ByteSink, type: keyof typeof VALUE_TYPE_IDS, key = 'some.key'): ByteSink {
  return putHead(sink, 0, 1).text(key).u32(VALUE_TYPE_IDS[type])
}

/** One tensor, marked at the start of its entry. */
function oneTensor(
  shape: readonly (number | bigint)[],
  typeId: number,
  offset: number | bigint,
  dataBytes = 64,
): Craft {
  return (sink) => {
    putTensorInfo(putHead(sink, 1, 0).mark(), 'blk.0.ffn_up.weight', shape, typeId, offset)
    sink.padTo(32).zeros(dataBytes)
  }
}

/** A one-element F32 tensor for each offset, the last one marked. */
function tensorsAt(...offsets: number[]): Craft {
  return (sink) => {
    putHead(sink, offsets.length, 0)
    offsets.forEach((offset, index) => putTensorInfo(sink.mark(), `tensor.${index}`, [16], 0, offset))
    sink.padTo(32).zeros(256)
  }
}

/** `general.alignment` as given, marked. */
function alignment(type: 'u32' | 'u64' | 'string' | 'i32', value: number | bigint | string): Craft {
  return (sink) => {
    putEntry(putHead(sink, 0, 1).mark(), ['general.alignment', type, value])
    sink.zeros(64)
  }
}

/** Not GGUF, or not a version that is read. */
const HEADS: readonly Row[] = [
  ['NOT_A_MODEL', 'an empty file', (sink) => sink.mark()],
  ['NOT_A_MODEL', 'another magic number', (sink) => sink.mark().ascii('GGUE').zeros(64)],
  ['TRUNCATED', 'nothing behind the magic number', (sink) => sink.ascii('GGUF').mark()],
  ['UNSUPPORTED_VERSION', 'version 0', (sink) => sink.ascii('GGUF').mark().u32(0).zeros(64)],
  ['UNSUPPORTED_VERSION', 'version 1', (sink) => sink.ascii('GGUF').mark().u32(1).zeros(64)],
  ['UNSUPPORTED_VERSION', 'version 4', (sink) => sink.ascii('GGUF').mark().u32(4).zeros(64)],
  ['UNSUPPORTED_VERSION', 'version 2^32 - 1', (sink) => sink.ascii('GGUF').mark().u32(0xffffffff).zeros(64)],
  ['TRUNCATED', 'the file ends inside the counts', (sink) => sink.ascii('GGUF').u32(3).u64(0).mark().u32(0)],
]

/** Counts: CVE-2024-25664 to 25668, TALOS-2024-1912 to 1916. */
const COUNTS: readonly Row[] = [
  [
    'COUNT_TOO_LARGE',
    'a negative tensor count',
    (s) => s.ascii('GGUF').u32(3).mark().u64(-1).u64(0).zeros(64),
  ],
  [
    'COUNT_TOO_LARGE',
    'a tensor count beyond the file',
    (s) => s.ascii('GGUF').u32(3).mark().u64(4).u64(0).zeros(95),
  ],
  [
    'COUNT_TOO_LARGE',
    'a million tensors and one',
    (s) => s.ascii('GGUF').u32(3).mark().u64(1_000_001).u64(0),
    2 ** 26,
  ],
  [
    'COUNT_TOO_LARGE',
    'a negative metadata count',
    (s) => s.ascii('GGUF').u32(3).u64(0).mark().u64(MAX_U64).zeros(64),
  ],
  [
    'COUNT_TOO_LARGE',
    'a metadata count beyond the file',
    (s) => s.ascii('GGUF').u32(3).u64(0).mark().u64(5).zeros(69),
  ],
  [
    'COUNT_TOO_LARGE',
    'a million keys and one',
    (s) => s.ascii('GGUF').u32(3).u64(0).mark().u64(1_000_001),
    2 ** 26,
  ],
  [
    'COUNT_TOO_LARGE',
    'counts that fit only one by one',
    (s) => s.ascii('GGUF').u32(3).mark().u64(3).u64(3).zeros(80),
  ],
]

/** Keys: string lengths that wrap (CVE-2024-25665), empty keys (llama.cpp#26318), quadratic duplicate checks. */
const KEYS: readonly Row[] = [
  ['COUNT_TOO_LARGE', 'a key of 2^64 - 1 bytes', (s) => putHead(s, 0, 1).mark().u64(MAX_U64).zeros(64)],
  [
    'STRING_TOO_LONG',
    'a key of 2^30 + 1 bytes',
    (s) =>
      putHead(s, 0, 1)
        .mark()
        .u64(2 ** 30 + 1),
    2 ** 31,
  ],
  ['TRUNCATED', 'a key beyond the file', (s) => putHead(s, 0, 1).u64(100).mark().zeros(64)],
  ['BAD_KEY', 'an empty key', (s) => putHead(s, 0, 1).mark().u64(0).u32(0).zeros(64)],
  ['BAD_KEY', 'a key of 65,536 bytes', (s) => putHead(s, 0, 1).mark().u64(65_536), 2 ** 20],
  [
    'BAD_TEXT',
    'a key that is not UTF-8',
    (s) => putHead(s, 0, 1).u64(3).mark().u8(0xc3, 0x28, 0x61).zeros(64),
  ],
  ['BAD_TEXT', 'a key with a zero byte', (s) => putHead(s, 0, 1).u64(3).mark().u8(0x61, 0, 0x62).zeros(64)],
  [
    'DUPLICATE_KEY',
    'a key twice',
    (s) => putEntry(putEntry(putHead(s, 0, 2), ['a', 'u8', 1]).mark(), ['a', 'u8', 2]).zeros(64),
  ],
]

/** Values: user-defined types and lengths (CVE-2024-25667, 25668), huge allocations from small files (ggml#1516). */
const VALUES: readonly Row[] = [
  ['UNKNOWN_VALUE_TYPE', 'value type 13', (s) => putHead(s, 0, 1).text('k').mark().u32(13).zeros(64)],
  [
    'UNKNOWN_VALUE_TYPE',
    'value type 2^32 - 1',
    (s) => putHead(s, 0, 1).text('k').mark().u32(0xffffffff).zeros(64),
  ],
  ['TRUNCATED', 'the file ends inside a value', (s) => entryHead(s, 'u64').mark().u32(1)],
  ['BAD_BOOL', 'a truth value of 2', (s) => entryHead(s, 'bool').mark().u8(2).zeros(64)],
  ['COUNT_TOO_LARGE', 'a text of 2^64 - 1 bytes', (s) => entryHead(s, 'string').mark().u64(-1).zeros(64)],
  [
    'STRING_TOO_LONG',
    'a text of 2^30 + 1 bytes',
    (s) =>
      entryHead(s, 'string')
        .mark()
        .u64(2 ** 30 + 1),
    2 ** 31,
  ],
  ['TRUNCATED', 'a text beyond the file', (s) => entryHead(s, 'string').u64(65).mark().zeros(64)],
  ['UNKNOWN_VALUE_TYPE', 'element type 13', (s) => entryHead(s, 'array').mark().u32(13).u64(1).zeros(64)],
  [
    'COUNT_TOO_LARGE',
    'an array of 2^64 - 1 elements',
    (s) => entryHead(s, 'array').u32(0).mark().u64(-1).zeros(64),
  ],
  [
    'ARRAY_TOO_LONG',
    'an array whose bytes wrap to 8',
    (s) =>
      entryHead(s, 'array')
        .u32(10)
        .mark()
        .u64(2n ** 52n + 1n)
        .zeros(64),
  ],
  [
    'ARRAY_TOO_LONG',
    'an array of 2^30 + 1 bytes',
    (s) =>
      entryHead(s, 'array')
        .u32(0)
        .mark()
        .u64(2 ** 30 + 1),
    2 ** 31,
  ],
  [
    'COUNT_TOO_LARGE',
    'an array beyond the file',
    (s) => entryHead(s, 'array').u32(10).mark().u64(9).zeros(64),
  ],
  ['COUNT_TOO_LARGE', 'more texts than bytes', (s) => entryHead(s, 'array').u32(8).mark().u64(9).zeros(64)],
  [
    'TRUNCATED',
    'a text in an array beyond the file',
    (s) => entryHead(s, 'array').u32(8).u64(2).u64(0).u64(99).mark().zeros(64),
  ],
  [
    'ARRAY_TOO_LONG',
    'two hundred million empty texts',
    (s) => entryHead(s, 'array').u32(8).u64(200_000_000).mark(),
    2 ** 31,
  ],
  [
    'ARRAY_TOO_DEEP',
    'arrays five deep',
    (s) => {
      entryHead(s, 'array')
      for (let depth = 0; depth < 4; depth++) s.u32(9).u64(1)
      s.mark().u32(0).u64(1).zeros(64)
    },
  ],
  [
    'ARRAY_TOO_LONG',
    'an array of two hundred million empty arrays',
    (s) => entryHead(s, 'array').u32(9).u64(170_000_000).mark(),
    2 ** 31,
  ],
]

/** Alignment: no upper bound (ggml#1516), other value types (llama.cpp#26245), zero, not a power of two. */
const ALIGNMENTS: readonly Row[] = [
  ['BAD_ALIGNMENT', 'alignment 0', alignment('u32', 0)],
  ['BAD_ALIGNMENT', 'alignment 33', alignment('u32', 33)],
  ['BAD_ALIGNMENT', 'alignment 2^31', alignment('u32', 2 ** 31)],
  ['BAD_ALIGNMENT', 'alignment as u64', alignment('u64', 32n)],
  ['BAD_ALIGNMENT', 'alignment as a text', alignment('string', '32')],
  ['BAD_ALIGNMENT', 'a negative alignment', alignment('i32', -32)],
]

/** Tensor entries: unchecked dimensions (ggml#1517, gguf-py), product overflow (CVE-2025-53630, CVE-2026-33298). */
const TENSORS: readonly Row[] = [
  ['COUNT_TOO_LARGE', 'a tensor name of 2^64 - 1 bytes', (s) => putHead(s, 1, 0).mark().u64(-1).zeros(64)],
  [
    'BAD_TENSOR_NAME',
    'an empty tensor name',
    (s) => putTensorInfo(putHead(s, 1, 0).mark(), '', [1], 0, 0).zeros(64),
  ],
  [
    'BAD_TENSOR_NAME',
    'a tensor name of 1,025 bytes',
    (s) => putTensorInfo(putHead(s, 1, 0).mark(), 'n'.repeat(1025), [1], 0, 0).zeros(64),
  ],
  [
    'BAD_TEXT',
    'a line break in a tensor name',
    (s) => putHead(s, 1, 0).u64(3).mark().ascii('a\nb').zeros(64),
  ],
  [
    'DUPLICATE_TENSOR',
    'a tensor name twice',
    (s) =>
      putTensorInfo(putTensorInfo(putHead(s, 2, 0), 'a', [1], 0, 0).mark(), 'a', [1], 0, 32)
        .padTo(32)
        .zeros(64),
  ],
  ['TOO_MANY_DIMENSIONS', 'five dimensions', (s) => putHead(s, 1, 0).text('a').mark().u32(5).zeros(64)],
  [
    'TOO_MANY_DIMENSIONS',
    '2^32 - 1 dimensions',
    (s) => putHead(s, 1, 0).text('a').mark().u32(0xffffffff).zeros(64),
  ],
  [
    'COUNT_TOO_LARGE',
    'a negative dimension',
    (s) => putHead(s, 1, 0).text('a').u32(1).mark().u64(-32).zeros(64),
  ],
  [
    'TENSOR_TOO_LARGE',
    'a product that wraps to 0',
    (s) =>
      putHead(s, 1, 0)
        .text('a')
        .mark()
        .u32(2)
        .u64(2n ** 32n)
        .u64(2n ** 32n)
        .zeros(64),
  ],
  [
    'TENSOR_TOO_LARGE',
    'a product that hides behind a zero',
    (s) =>
      putHead(s, 1, 0)
        .text('a')
        .mark()
        .u32(3)
        .u64(0)
        .u64(2n ** 50n)
        .u64(2n ** 50n)
        .zeros(64),
  ],
  [
    'BAD_ROW_LENGTH',
    'a row that is not whole blocks',
    (s) => putHead(s, 1, 0).text('a').u32(1).u64(255).mark().u32(Q4_K).u64(0).zeros(256),
  ],
  [
    'TRUNCATED',
    'the file ends inside a tensor entry',
    (s) => putHead(s, 1, 0).text('abcdefgh').u32(1).u64(1).mark(),
  ],
]

/** Places: reads beyond the file that reach the output (CVE-2026-7482), offsets that wrap, overlap (gguf-tools#25). */
const PLACES: readonly Row[] = [
  ['TENSOR_OUTSIDE', 'an offset beyond the file', oneTensor([16], 0, 2 ** 40)],
  [
    'COUNT_TOO_LARGE',
    'an offset that wraps',
    (s) => putHead(s, 1, 0).text('a').u32(1).u64(16).u32(0).mark().u64(-32).zeros(64),
  ],
  ['TENSOR_OUTSIDE', 'more bytes than the file has', oneTensor([256], 0, 0)],
  ['TENSOR_OUTSIDE', 'bytes that overflow a 53-bit number', oneTensor([2n ** 52n], F64, 0)],
  ['TENSOR_OUTSIDE', 'an unknown type beyond the file', oneTensor([16], UNKNOWN_TYPE, 2 ** 40)],
  ['TENSOR_OUTSIDE', 'no data section', oneTensor([16], 0, 0, 0)],
  ['TENSOR_MISALIGNED', 'an offset that is not aligned', oneTensor([4], 0, 4)],
  ['TENSOR_OVERLAP', 'a tensor inside another', tensorsAt(0, 32)],
  ['TENSOR_OVERLAP', 'two tensors in one place', tensorsAt(64, 64)],
]

export function hostileGgufFiles(): HostileFile[] {
  const rows = [...HEADS, ...COUNTS, ...KEYS, ...VALUES, ...ALIGNMENTS, ...TENSORS, ...PLACES]
  const files = rows.map(([code, name, craft, size]) =>
    craftFile('gguf', code, name, craft, size === undefined ? {} : { size }),
  )
  const swapped = craftFile(
    'gguf',
    'UNSUPPORTED_VERSION',
    'version 1, big endian',
    (sink) => sink.ascii('GGUF').mark().u32(1).zeros(64),
    { littleEndian: false },
  )
  return [...files, swapped]
}
