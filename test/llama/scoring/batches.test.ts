import { describe, expect, it } from 'vitest'
import { batchesOf, batchSize } from '../../../main/llama/scoring/batches.ts'

const chunksOf = (length: number, first: number) => ({
  count: 1,
  length,
  first,
  scored: length - 1 - first,
  chunk: () => new Int32Array(length),
})

describe('a batch', () => {
  it.each([
    [512, 4096, 256],
    [64, 4096, 64],
    [512, 131_072, 128],
    [512, 262_144, 64],
    [512, 2 ** 30, 1],
  ])('of a context of %d and a vocabulary of %d has %d positions', (context, vocabulary, expected) => {
    expect(batchSize(context, vocabulary)).toBe(expected)
  })

  it.each([
    [0, 100],
    [50, 7],
    [50, 25],
    [50, 64],
    [32, 32],
  ])('is one of those that score every position from %d on once (%d at a time)', (first, size) => {
    const chunk = Int32Array.from({ length: 100 }, (_, index) => index)
    const batches = [...batchesOf(chunk, chunksOf(100, first), size)]
    const scored = batches.flatMap(({ start, silent, rows }) =>
      Array.from({ length: rows }, (_, row) => start + silent + row),
    )
    expect(scored).toEqual(Array.from({ length: 99 - first }, (_, index) => first + index))
    expect(batches.flatMap(({ tokens }) => [...tokens])).toEqual([...chunk])
  })
})
