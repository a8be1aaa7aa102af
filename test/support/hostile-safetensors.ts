import { craftFile } from './hostile-files.ts'
import type { HostileFile } from './hostile-files.ts'

/** A header as text in which `@` marks the place of the fault (and is left out), and the bytes of the data section. */
type Row = readonly [code: string, name: string, header: string, dataBytes?: number]

const VALID = '"dtype":"F32","shape":[2],"data_offsets":[0,8]'

function manyTexts(count: number): string {
  return Array.from({ length: count }, (_, index) => `"${index}":""`).join(',')
}

/** The rules of the reference implementation: its `SafeTensorError` variants. */
const HEADERS: readonly Row[] = [
  ['BAD_JSON', 'an empty header', '@'],
  ['BAD_JSON', 'a header that is a list', '@[]'],
  ['BAD_JSON', 'white space before the object', '@ {}'],
  ['BAD_JSON', 'a key without quotes', '{@a:1}'],
  ['BAD_JSON', 'a comma behind the last entry', `{"a":{${VALID},@}}`, 8],
  ['BAD_JSON', 'text behind the object', '{} @x'],
  ['BAD_JSON', 'an unknown escape', '{"@\\x":1}'],
  ['BAD_JSON', 'a line break in a text', '{"a@\n":1}'],
  ['BAD_JSON', 'a number with a leading zero', '{"a":{"shape":[@01]}}'],
  ['BAD_JSON', 'a number of a thousand digits', `{"a":{"shape":[@${'1'.repeat(1000)}]}}`],
  ['BAD_JSON', 'a misspelt literal', '{"a":{"x":tru@}}}'],
  ['JSON_TOO_DEEP', 'a hundred thousand brackets', `{"a":{"x":${'['.repeat(63)}@${'['.repeat(100_000)}`],
  ['TRUNCATED', 'a text that does not end', '{"a@'],
  ['TRUNCATED', 'an object that does not end', `{"a":{${VALID}}@`, 8],
  ['DUPLICATE_KEY', 'a tensor twice', `{"a":{${VALID}},@"a":{${VALID}}}`, 8],
  ['DUPLICATE_KEY', 'a tensor twice, once escaped', `{"a":{${VALID}},@"\\u0061":{${VALID}}}`, 8],
  ['DUPLICATE_KEY', 'a shape twice', `{"a":{"shape":[1],@"shape":[2]}}`],
  ['BAD_METADATA', 'metadata that is not an object', '{"__metadata__":@1}'],
  ['BAD_METADATA', 'metadata that is not text', '{"__metadata__":{"a":@1}}'],
  [
    'COUNT_TOO_LARGE',
    'ten thousand metadata texts and one',
    `{"__metadata__":{${manyTexts(10_000)},@"last":""}}`,
  ],
  ['BAD_TENSOR', 'a tensor that is a number', '{"a":@1}'],
  ['BAD_TENSOR', 'a tensor without dtype', '{@"a":{"shape":[2],"data_offsets":[0,8]}}', 8],
  ['BAD_TENSOR', 'a tensor without shape', '{@"a":{"dtype":"F32","data_offsets":[0,8]}}', 8],
  ['BAD_TENSOR', 'a tensor without place', '{@"a":{"dtype":"F32","shape":[2]}}', 8],
  ['BAD_TENSOR', 'one data offset', '{@"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}', 8],
  ['BAD_TENSOR', 'a dtype with markup', '{"a":{"dtype":@"<b>","shape":[2],"data_offsets":[0,8]}}', 8],
  ['BAD_TENSOR', 'an end before the beginning', '{@"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}', 8],
  [
    'TOO_MANY_DIMENSIONS',
    'three data offsets',
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":@[0,8,9]}}',
    8,
  ],
  ['TOO_MANY_DIMENSIONS', 'a hundred thousand dimensions', `{"a":{"shape":@[${'0,'.repeat(100_000)}0]}}`],
  ['BAD_NUMBER', 'a negative dimension', '{"a":{"shape":[@-1]}}'],
  ['BAD_NUMBER', 'a broken dimension', '{"a":{"shape":[@1.5]}}'],
  ['BAD_NUMBER', 'a dimension of 2^53', '{"a":{"shape":[@9007199254740992]}}'],
  [
    'TENSOR_TOO_LARGE',
    'a product that overflows',
    '{@"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}',
  ],
  [
    'BAD_TENSOR_SIZE',
    'fewer bytes than the shape needs',
    '{@"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
    8,
  ],
  ['BAD_TENSOR_SIZE', 'half a byte', '{@"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}', 1],
  ['BAD_TENSOR_NAME', 'a zero byte in a name', `{@"a\\u0000b":{${VALID}}}`, 8],
  ['BAD_TENSOR_NAME', 'an empty name', `{@"":{${VALID}}}`, 8],
  [
    'TENSOR_GAP',
    'a hole before the first tensor',
    '{@"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
    3,
  ],
  ['TENSOR_OVERLAP', 'two tensors in one place', `{"a":{${VALID}},@"b":{${VALID}}}`, 8],
  ['TENSOR_OUTSIDE', 'a tensor beyond the file', `{@"a":{${VALID}}}`, 7],
  ['TRAILING_BYTES', 'bytes behind the last tensor', `{"a":{${VALID}}}@`, 9],
]

function craftHeader([code, name, header, dataBytes = 0]: Row): HostileFile {
  return craftFile('safetensors', code, name, (sink) => {
    const [before = '', after = ''] = header.split('@')
    const length = new TextEncoder().encode(before + after).length
    sink.u64(length).ascii(before).mark().ascii(after).zeros(dataBytes)
    // Trailing bytes begin where the data of the last tensor ends.
    if (code === 'TRAILING_BYTES') sink.marked = 8 + length + 8
  })
}

const LENGTHS: readonly HostileFile[] = [
  craftFile('safetensors', 'TRUNCATED', 'a file of seven bytes', (sink) => sink.mark().zeros(7)),
  craftFile('safetensors', 'COUNT_TOO_LARGE', 'a header of 2^64 - 1 bytes', (s) =>
    s.mark().u64(-1).ascii('{}'),
  ),
  craftFile(
    'safetensors',
    'HEADER_TOO_LARGE',
    'a header of 100,000,001 bytes',
    (s) => s.mark().u64(100_000_001),
    {
      size: 2 ** 28,
    },
  ),
  craftFile('safetensors', 'TRUNCATED', 'a header beyond the file', (s) => s.u64(100).mark().ascii('{}')),
  craftFile(
    'safetensors',
    'BAD_JSON',
    'a header of a hundred million zeros',
    (s) => s.u64(99_999_999).ascii('{').mark(),
    {
      size: 2 ** 28,
    },
  ),
  craftFile('safetensors', 'BAD_TEXT', 'a name that is not UTF-8', (s) => {
    s.u64(8).ascii('{"').mark().u8(0xff, 0xfe).ascii('":1}')
  }),
  craftFile('safetensors', 'STRING_TOO_LONG', 'a name of ninety million bytes', (s) => {
    const name = new Uint8Array(90_000_000).fill(0x61)
    s.u64(name.length + 6)
      .ascii('{"')
      .mark()
      .raw(name)
      .ascii('":1}')
  }),
]

export function hostileSafetensorsFiles(): HostileFile[] {
  return [...HEADERS.map(craftHeader), ...LENGTHS]
}
