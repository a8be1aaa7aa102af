import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

import { openModel } from '../../../main/engine/formats/open-model.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'
import type { BuiltEntry } from '../../support/gguf-builder.ts'

const folder = new TemporaryFolder()
let models = 0

interface ShardOptions {
  readonly number?: number
  readonly count?: number
  readonly total?: number
  readonly littleEndian?: boolean
  readonly tensors?: readonly string[]
}

function shard(options: ShardOptions, metadata: readonly BuiltEntry[] = []): Uint8Array {
  const { number = 0, count = 3, total = 4, littleEndian = true, tensors = [] } = options
  const split: BuiltEntry[] = [
    ['split.no', 'u16', number],
    ['split.count', 'u16', count],
    ['split.tensors.count', 'i32', total],
  ]
  return buildGguf({
    littleEndian,
    metadata: [...metadata, ...split],
    tensors: tensors.map((name) => ({ name, shape: [4] })),
  })
}

/** Three parts: the first without tensors, then three and one; `changes` replaces the options of some. */
function split(changes: Readonly<Record<number, ShardOptions>> = {}): string[] {
  const prefix = `model-${models++}`
  const tensors = [[], ['a', 'b', 'c'], ['d']]
  return tensors.map((names, number) => {
    const metadata: BuiltEntry[] = number === 0 ? [['general.name', 'string', 'Split']] : []
    const bytes = shard({ number, tensors: names, ...changes[number] }, metadata)
    return folder.write(`${prefix}-0000${number + 1}-of-00003.gguf`, bytes)
  })
}

describe('a split model', () => {
  test.each([0, 1, 2])('opens whole from part %i', (index) => {
    const paths = split()
    const model = openModel(paths[index]!)
    expect(model.path).toBe(paths[index])
    expect(model.files.map((file) => file.path)).toEqual(paths)
    expect(model.tensors.map(({ name, file }) => [name, file])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 1],
      ['d', 2],
    ])
    expect(model.name).toBe('Split')
  })

  test.each([0, 1, 2])('without part %i names the missing file', (index) => {
    const paths = split()
    rmSync(paths[index]!)
    const other = paths[(index + 1) % 3]!
    expect(errorOf(() => openModel(other))).toMatchObject({
      code: 'SHARD_MISSING',
      place: paths[index],
      message: `Part ${index + 1} of 3 of the model is missing`,
    })
  })

  test.each([
    ['a part in the wrong place', { 1: { number: 2, tensors: ['a', 'b', 'c'] } }],
    ['a part of another split', { 2: { count: 4, tensors: ['d'] } }],
    ['another byte order', { 1: { littleEndian: false, tensors: ['a', 'b', 'c'] } }],
    ['a tensor in two parts', { 2: { tensors: ['a'] } }],
    ['fewer tensors than announced', { 1: { tensors: ['a', 'b'] } }],
  ])('with %s is refused', (_, changes) => {
    expect(errorOf(() => openModel(split(changes)[0]!))?.code).toBe('SPLIT_MISMATCH')
  })

  test('under another name is refused', () => {
    const path = folder.write('renamed.gguf', shard({ count: 3 }))
    expect(errorOf(() => openModel(path))?.code).toBe('SPLIT_MISMATCH')
  })

  test('of one part is a model in one file', () => {
    const path = folder.write('alone.gguf', shard({ count: 1, total: 1, tensors: ['a'] }))
    expect(openModel(path).tensors).toHaveLength(1)
  })

  test('that claims 65,535 parts stops at the first one missing', () => {
    const path = folder.write('many-00001-of-65535.gguf', shard({ count: 65_535 }))
    expect(errorOf(() => openModel(path))).toMatchObject({
      code: 'SHARD_MISSING',
      place: path.replace('00001-of', '00002-of'),
    })
  })
})
