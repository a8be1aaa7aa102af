import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LAB_FORMATS } from '../../../preload/contract.ts'
import { scaledFormat } from '../../../main/engine/rounding/scaled-formats.ts'
import { formatByName } from '../../../main/engine/quantizers/registry.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { callOk, codeOf, testServices } from '../../support/services.ts'

const TENSOR = 'blk.2.ffn_down.weight'
const ASKED = { tensor: TENSOR, row: 7, block: 2, method: 'optimal' } as const
const EXPLORED = LAB_FORMATS.filter((name) => formatByName(name)?.methods.optimal)

async function openSample() {
  const services = testServices()
  const { id: model } = await callOk(services, 'models.open', { path: SAMPLE_GGUF })
  return { services, model }
}

/** Smallest value of the curves, over all real scales. */
function lowest(block: Awaited<ReturnType<typeof callOk<'lab.block'>>>): number {
  const bottoms = block.curves.flatMap(({ products, squares }) =>
    products.map((product, piece) => block.energy - product ** 2 / (squares[piece] || 1)),
  )
  return Math.min(block.energy, ...bottoms)
}

describe('a look into a block', () => {
  it('knows every format that the contract names', () => {
    expect(LAB_FORMATS.filter((name) => scaledFormat(name) === undefined)).toEqual([])
  })

  it.each(EXPLORED)(
    'tells values as scale times level, and no more error than the reference: %s',
    async (format) => {
      const { services, model } = await openSample()
      const block = await callOk(services, 'lab.block', { ...ASKED, model, format })
      for (const { scale, levels, decoded } of [block.reference, block.chosen]) {
        for (const [place, value] of decoded.entries()) {
          expect(value).toBeCloseTo(scale * (levels[place] ?? NaN), 9)
          expect(block.levels).toContain(levels[place])
        }
      }
      for (const [group, error] of block.rowErrors.reference.entries()) {
        if (block.groupSize < (formatByName(format)?.blockSize ?? 0)) break
        expect(block.rowErrors.chosen[group]).toBeLessThanOrEqual(error)
      }
      expect(block.rowErrors.chosen[2]).toBe(block.chosen.error)
    },
  )

  it.each(['Q4_0', 'Q5_0', 'Q8_0', 'IQ4_NL'])(
    'has a curve whose lowest point is just below the choice: %s',
    async (format) => {
      const { services, model } = await openSample()
      const block = await callOk(services, 'lab.block', { ...ASKED, model, format })
      expect(lowest(block)).toBeLessThanOrEqual(block.chosen.error * (1 + 1e-9))
      expect(lowest(block)).toBeGreaterThan(block.chosen.error * 0.99)
      const total = (errors: readonly number[]) => errors.reduce((sum, error) => sum + error, 0)
      expect(total(block.rowErrors.chosen)).toBeLessThan(total(block.rowErrors.reference))
    },
  )

  it('tells of each format whether the least error is proved, and where it has a bound', async () => {
    const { services, model } = await openSample()
    const bounded: string[] = []
    for (const format of EXPLORED) {
      const block = await callOk(services, 'lab.block', { ...ASKED, model, format })
      expect([format, block.proved]).toEqual([format, true])
      if (block.bounded) bounded.push(format)
    }
    expect(bounded).toEqual(['Q3_K', 'IQ4_XS', 'Q6_K'])
  })

  it.each(['Q3_K', 'Q6_K', 'IQ4_XS'])('finds no error below the bound: %s', async (format) => {
    const { services, model } = await openSample()
    const { bounded } = await callOk(services, 'lab.block', { ...ASKED, model, format })
    expect(bounded?.lowerBound).toBeGreaterThan(0)
    expect(bounded?.chosenError).toBeGreaterThanOrEqual(bounded?.lowerBound ?? NaN)
    expect(bounded?.chosenError).toBeLessThan(bounded?.referenceError ?? NaN)
  })

  it('bounds the whole block around a sub-block, near below what was found', async () => {
    const { services, model } = await openSample()
    const asked = { ...ASKED, model, format: 'Q6_K', block: 18 }
    const { bounded, rowErrors } = await callOk(services, 'lab.block', asked)
    const inBlock = rowErrors.chosen.slice(16, 32).reduce((sum, error) => sum + error, 0)
    expect(bounded).toMatchObject({ block: 1, chosenError: inBlock })
    expect(bounded?.lowerBound).toBeGreaterThan(inBlock * 0.9)
    expect(bounded?.lowerBound).toBeLessThan(inBlock)
  })

  it('shows the block of the row with the largest gain when none is named', async () => {
    const { services, model } = await openSample()
    const asked = { ...ASKED, model, format: 'Q4_0', block: null }
    const { group, rowErrors, reference, chosen } = await callOk(services, 'lab.block', asked)
    const gains = rowErrors.reference.map((error, place) => error - (rowErrors.chosen[place] ?? 0))
    expect(reference.error - chosen.error).toBe(Math.max(...gains))
    expect(gains[group]).toBe(Math.max(...gains))
  })

  it('counts errors as the method does: by importance, by square, and as ggml', async () => {
    const { services, model } = await openSample()
    const imatrix = join(SAMPLE_FOLDER, 'imatrix.gguf')
    const asked = { ...ASKED, model, format: 'Q4_0' }
    const plain = await callOk(services, 'lab.block', asked)
    expect(new Set(plain.errorWeights)).toEqual(new Set([1]))
    const square = await callOk(services, 'lab.block', { ...asked, method: 'optimal-square' })
    expect(square.errorWeights).toEqual(square.weights.map((weight) => weight * weight))
    const weighted = await callOk(services, 'lab.block', { ...asked, imatrix })
    const ggml = await callOk(services, 'lab.block', { ...asked, imatrix, method: 'optimal-ggml' })
    const ratios = weighted.errorWeights.map((weight, place) => (ggml.errorWeights[place] ?? 0) / weight)
    expect(new Set(weighted.errorWeights).size).toBeGreaterThan(16)
    expect(Math.max(...ratios)).toBeGreaterThan(Math.min(...ratios) * 1.01)
  })

  it('refuses what is not there', async () => {
    const { services, model } = await openSample()
    const asked = { ...ASKED, model, format: 'Q4_0' }
    expect(await codeOf(services, 'lab.block', { ...asked, row: 1_000_000 })).toBe('OUT_OF_RANGE')
    expect(await codeOf(services, 'lab.block', { ...asked, block: 1_000_000 })).toBe('OUT_OF_RANGE')
    expect(await codeOf(services, 'lab.block', { ...asked, row: -1 })).toBe('BAD_REQUEST')
    expect(await codeOf(services, 'lab.block', { ...asked, format: 'Q4_K' })).toBe('FORMAT_UNSUPPORTED')
    expect(await codeOf(services, 'lab.block', { ...asked, format: 'Q9_9' })).toBe('FORMAT_UNKNOWN')
    expect(await codeOf(services, 'lab.block', { ...asked, tensor: 'none' })).toBe('UNKNOWN_TENSOR')
  })
})
