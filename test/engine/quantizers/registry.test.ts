import { describe, expect, it } from 'vitest'
import { bitsPerWeight } from '../../../main/engine/quantizers/format.ts'
import { FORMATS, formatById, formatByName, storedType } from '../../../main/engine/quantizers/registry.ts'
import { typeByName } from '../../../main/engine/tensor/type-geometry.ts'

describe('the registry', () => {
  it('has each name and id once', () => {
    expect(new Set(FORMATS.map(({ name }) => name)).size).toBe(FORMATS.length)
    expect(new Set(FORMATS.map(({ id }) => id)).size).toBe(FORMATS.length)
  })

  it('finds every format by name and by id, and as a stored type', () => {
    for (const format of FORMATS) {
      expect(formatByName(format.name)).toBe(format)
      expect(formatById(format.id)).toBe(format)
      expect(storedType(format.name)).toBe(format)
    }
  })

  it('lists formats from most to fewest bits per weight', () => {
    const bits = FORMATS.map(bitsPerWeight)
    expect(bits).toEqual(bits.toSorted((a, b) => b - a))
  })

  it('agrees with the geometry of stored types and offers the reference method everywhere', () => {
    for (const format of FORMATS) {
      const { id, blockSize, blockBytes } = typeByName(format.name)!
      expect(format).toMatchObject({ id, blockSize, blockBytes })
      expect(format.methods.reference).toBeTypeOf('function')
    }
  })

  it('keeps multi-byte words inside the block', () => {
    for (const { words, blockBytes } of FORMATS) {
      for (const offset of words.offsets) expect(offset + words.width).toBeLessThanOrEqual(blockBytes)
    }
  })

  it('knows no other spelling', () => {
    expect(formatByName('q4_k')).toBeUndefined()
    expect(formatById(4)).toBeUndefined()
    expect(storedType('type 99 (unknown)')).toBeUndefined()
  })
})
