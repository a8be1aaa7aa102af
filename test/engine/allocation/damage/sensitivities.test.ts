import { describe, expect, it } from 'vitest'
import type { SensitivityGroup } from '../../../../main/engine/allocation/damage/damage-model.ts'
import { rolePriors } from '../../../../main/engine/allocation/damage/role-priors.ts'
import {
  tensorSensitivities,
  type SensitivityOptions,
} from '../../../../main/engine/allocation/damage/sensitivities.ts'
import { openModel } from '../../../../main/engine/formats/open-model.ts'
import { SAMPLE_GGUF } from '../../../support/sample-model.ts'

const MODEL = openModel(SAMPLE_GGUF)
const NAMES = MODEL.tensors.filter(({ quantizable }) => quantizable).map(({ name }) => name)
const [UP, DOWN] = ['blk.1.ffn_up.weight', 'blk.1.ffn_down.weight'] as const

function sensitivities(options: Partial<SensitivityOptions> = {}) {
  return tensorSensitivities(MODEL, {
    damageModel: 'priors',
    measured: null,
    measuredSource: 'measured',
    multipliers: {},
    hasImportance: () => false,
    ...options,
  })
}

function group(
  tensors: readonly string[],
  alpha: number,
  more: Partial<SensitivityGroup> = {},
): SensitivityGroup {
  return {
    tensors,
    format: 'Q4_K',
    relativeError: 0.1,
    weightedRelativeError: null,
    kld: alpha * 0.01,
    perplexityChange: 0,
    alpha,
    standardError: alpha / 10,
    ...more,
  }
}

describe('tensorSensitivities', () => {
  it('covers every quantizable tensor under every damage model', () => {
    for (const damageModel of ['error', 'importance', 'priors', 'measured'] as const) {
      expect([...sensitivities({ damageModel }).keys()]).toEqual(NAMES)
    }
  })

  it('is one for errors alone, weighted by importance only where that is asked for and known', () => {
    const one = { alpha: 1, standardError: null, source: 'one' }
    const hasImportance = (name: string): boolean => name === UP
    expect(sensitivities({ damageModel: 'error', hasImportance }).get(UP)).toEqual({
      ...one,
      measure: 'relativeError',
    })
    const weighted = sensitivities({ damageModel: 'importance', hasImportance })
    expect(weighted.get(UP)).toEqual({ ...one, measure: 'weightedRelativeError' })
    expect(weighted.get(DOWN)).toEqual({ ...one, measure: 'relativeError' })
  })

  it('takes role priors, and says that they are', () => {
    const priors = rolePriors(MODEL)
    for (const [name, { alpha, source, standardError }] of sensitivities()) {
      expect([alpha, source, standardError]).toEqual([priors.get(name), 'prior', null])
    }
  })

  it('gives the alpha of a group to each of its tensors', () => {
    const found = sensitivities({ damageModel: 'measured', measured: [group([UP, DOWN], 0.5)] })
    const expected = { alpha: 0.5, standardError: 0.05, source: 'measured', measure: 'relativeError' }
    expect([found.get(UP), found.get(DOWN)]).toEqual([expected, expected])
  })

  it('prefers the smaller of two groups, whichever was measured first', () => {
    const measured = [group([DOWN], 2), group([UP, DOWN], 0.5)]
    for (const order of [measured, measured.toReversed()]) {
      const found = sensitivities({ damageModel: 'measured', measured: order })
      expect([found.get(UP)?.alpha, found.get(DOWN)?.alpha]).toEqual([0.5, 2])
    }
  })

  it('says whether a figure was read from a file', () => {
    const options = { damageModel: 'measured', measured: [group([UP], 1)], measuredSource: 'file' } as const
    expect(sensitivities(options).get(UP)?.source).toBe('file')
    expect(sensitivities(options).get(DOWN)?.source).toBe('prior')
  })

  it('brings the priors of what was not measured to the scale of what was, unmoved by one strange tensor', () => {
    const priors = rolePriors(MODEL)
    const known = NAMES.slice(0, 9)
    const measured = known.map((name, index) =>
      group([name], (priors.get(name) ?? 0) * (index === 0 ? 1e9 : 1e-6)),
    )
    const found = sensitivities({ damageModel: 'measured', measured })
    for (const name of NAMES.slice(9)) {
      expect(found.get(name)?.alpha).toBeCloseTo((priors.get(name) ?? 0) * 1e-6, 12)
      expect(found.get(name)?.source).toBe('prior')
    }
  })

  it('falls back on role priors where nothing was measured', () => {
    const found = sensitivities({ damageModel: 'measured' })
    expect([...found.values()].every(({ source }) => source === 'prior')).toBe(true)
  })

  it('multiplies by the factors of the user', () => {
    const measured = [group([UP], 0.5), group([DOWN], 0.5)]
    const found = sensitivities({ damageModel: 'measured', measured, multipliers: { [UP]: 3, [DOWN]: 0 } })
    expect([found.get(UP)?.alpha, found.get(DOWN)?.alpha]).toEqual([1.5, 0])
    expect(found.get(UP)?.standardError).toBeCloseTo(0.15, 12)
  })

  describe('measured with importance', () => {
    const weighted = group([UP], 8, { weightedRelativeError: 0.05, kld: 0.02 })

    it('stays with the weighted error where that will be known', () => {
      const options = { damageModel: 'measured', measured: [weighted], hasImportance: () => true } as const
      expect(sensitivities(options).get(UP)).toMatchObject({ alpha: 8, measure: 'weightedRelativeError' })
    })

    it('is fitted again to the plain error where no importance is given', () => {
      const found = sensitivities({ damageModel: 'measured', measured: [weighted] }).get(UP)
      expect(found?.measure).toBe('relativeError')
      expect(found?.alpha).toBeCloseTo(0.02 / 0.01, 9)
      expect(found?.standardError).toBeCloseTo(0.2, 9)
    })
  })

  it('stays with the plain error that it was measured for, although importance is given', () => {
    const options = {
      damageModel: 'measured',
      measured: [group([UP], 2)],
      hasImportance: () => true,
    } as const
    expect(sensitivities(options).get(UP)).toMatchObject({ alpha: 2, measure: 'relativeError' })
  })
})
