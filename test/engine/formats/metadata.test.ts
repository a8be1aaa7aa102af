import { appendFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { metadataNumber, metadataString, readMetadataArray } from '../../../main/engine/formats/metadata.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import { SAMPLE_GGUF } from '../../support/sample-model.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'

const folder = new TemporaryFolder()

test('a page of the vocabulary is read from its middle', () => {
  const model = openModel(SAMPLE_GGUF)
  const entry = model.metadata.get('tokenizer.ggml.tokens')!
  expect(readMetadataArray(model, entry, 0, 4)).toEqual(['<unk>', '<s>', '</s>', '<0x00>'])
  expect(readMetadataArray(model, entry, 258, 2)).toEqual(['<0xFF>', '▁t'])
})

test('a page beyond the end is empty, one over the end is cut', () => {
  const model = openModel(SAMPLE_GGUF)
  const entry = model.metadata.get('tokenizer.ggml.scores')!
  expect(readMetadataArray(model, entry, 4096, 10)).toEqual([])
  expect(readMetadataArray(model, entry, 4090, 10)).toHaveLength(6)
})

test('one page has at most ten thousand elements', () => {
  const elements = Array.from({ length: 10_001 }, (_, index) => index)
  const bytes = buildGguf({ metadata: [['list', 'array', { elementType: 'u32', elements }]] })
  const model = openModel(folder.write('long.gguf', bytes))
  expect(readMetadataArray(model, model.metadata.get('list')!, 0, 1e9)).toEqual(elements.slice(0, 10_000))
})

test('a file that changed since it was opened is not read', () => {
  const bytes = buildGguf({ metadata: [['list', 'array', { elementType: 'u8', elements: [1] }]] })
  const model = openModel(folder.write('changed.gguf', bytes))
  appendFileSync(model.path, 'x')
  expect(errorOf(() => readMetadataArray(model, model.metadata.get('list')!, 0, 1))?.code).toBe(
    'FILE_CHANGED',
  )
})

test('scalars are looked up by kind', () => {
  const bytes = buildGguf({
    metadata: [
      ['text', 'string', 'a'],
      ['small', 'u8', 1],
      ['wide', 'u64', 5n],
      ['huge', 'u64', 2n ** 60n],
    ],
  })
  const model = openModel(folder.write('scalars.gguf', bytes))
  expect(['text', 'small', 'none'].map((key) => metadataString(model, key))).toEqual(['a', null, null])
  expect(['text', 'small', 'wide', 'huge', 'none'].map((key) => metadataNumber(model, key))).toEqual([
    null,
    1,
    5,
    null,
    null,
  ])
})
