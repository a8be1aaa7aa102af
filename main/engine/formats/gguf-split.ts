import { basename, dirname, join } from 'node:path'
import { existsSync } from 'node:fs'

import { QuantaloupeError } from '../errors.ts'
import type { GgufHeader } from './gguf-header.ts'
import type { ModelFile } from './model.ts'

/** One opened file of a model. */
export interface GgufShard {
  readonly file: ModelFile
  readonly header: GgufHeader
}

export type ReadShard = (path: string, index: number) => GgufShard

/** All shards of a model; a model in one file is its own first shard. */
export type Shards = readonly [GgufShard, ...GgufShard[]]

const SHARD_NAME = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/

/** Takes a shard's file name apart: `<prefix>-00001-of-00003.gguf`. */
export function shardName(name: string): { prefix: string; number: number; count: number } | null {
  const [, prefix, number, count] = SHARD_NAME.exec(name) ?? []
  if (prefix === undefined) return null
  return { prefix, number: Number(number), count: Number(count) }
}

/**
 * Reads the file at `path` and, if it belongs to a split, all its siblings in order.
 *
 * @throws QuantaloupeError `SHARD_MISSING` naming the file, `SPLIT_MISMATCH` when the shards contradict each other
 */
export function readShards(path: string, readShard: ReadShard): Shards {
  const opened = readShard(path, 0)
  const count = splitNumber(opened, 'split.count') ?? 1
  if (count <= 1) return [opened]
  const paths = shardPaths(path, count)
  const shards = paths.map((shardPath, index) => readShard(shardPath, index))
  shards.forEach((shard, index) => checkShard(shard, index, count))
  const first = shards[0] ?? opened
  checkTogether(shards, first)
  return [first, ...shards.slice(1)]
}

function splitNumber({ header }: GgufShard, key: string): number | null {
  const value = header.metadata.get(key)?.value
  return typeof value === 'number' && Number.isInteger(value) ? value : null
}

function shardPaths(path: string, count: number): string[] {
  const name = shardName(basename(path))
  if (name === null || name.count !== count) {
    throw new QuantaloupeError(
      'SPLIT_MISMATCH',
      `This is one of ${count} parts, but its name does not say so`,
      {
        place: path,
        expected: `a name that ends in -00001-of-${padded(count)}.gguf`,
        remedy: 'Give the parts their original names.',
      },
    )
  }
  return Array.from({ length: count }, (_, index) => {
    const shardPath = join(dirname(path), `${name.prefix}-${padded(index + 1)}-of-${padded(count)}.gguf`)
    if (!existsSync(shardPath)) throw missingShard(shardPath, index, count)
    return shardPath
  })
}

function padded(number: number): string {
  return String(number).padStart(5, '0')
}

function missingShard(path: string, index: number, count: number): QuantaloupeError {
  return new QuantaloupeError('SHARD_MISSING', `Part ${index + 1} of ${count} of the model is missing`, {
    place: path,
    expected: `all ${count} parts in one folder`,
    remedy: 'Download or move the missing file there.',
  })
}

function mismatch(shard: GgufShard, message: string, expected: string): QuantaloupeError {
  const remedy = 'The parts do not belong together: download them again.'
  return new QuantaloupeError('SPLIT_MISMATCH', message, { place: shard.file.path, expected, remedy })
}

function checkShard(shard: GgufShard, index: number, count: number): void {
  const number = splitNumber(shard, 'split.no')
  if (number !== index) throw mismatch(shard, `split.no is ${number}`, `${index}`)
  const own = splitNumber(shard, 'split.count')
  if (own !== count) throw mismatch(shard, `split.count is ${own}`, `${count}`)
}

function checkTogether(shards: readonly GgufShard[], first: GgufShard): void {
  const names = new Set<string>()
  for (const shard of shards) {
    if (shard.header.littleEndian !== first.header.littleEndian) {
      throw mismatch(shard, 'The parts differ in byte order', 'one byte order')
    }
    for (const { name } of shard.header.tensors) {
      if (names.has(name)) throw mismatch(shard, `The tensor ${name} is in two parts`, 'unique names')
      names.add(name)
    }
  }
  const total = splitNumber(first, 'split.tensors.count')
  if (total !== null && total !== names.size) {
    throw mismatch(first, `The parts hold ${names.size} tensors`, `${total} tensors`)
  }
}
