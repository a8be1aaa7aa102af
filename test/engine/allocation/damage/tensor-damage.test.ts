import { describe, expect, it } from 'vitest'
import type { TensorSensitivity } from '../../../../main/engine/allocation/damage/damage-model.ts'
import { tensorDamage } from '../../../../main/engine/allocation/damage/tensor-damage.ts'

const PLAIN: TensorSensitivity = { alpha: 2, standardError: null, source: 'prior', measure: 'relativeError' }
const WEIGHTED: TensorSensitivity = { ...PLAIN, measure: 'weightedRelativeError' }

describe('tensorDamage', () => {
  it('is sensitivity times the square of the error it belongs to', () => {
    const errors = { relativeError: 0.1, weightedRelativeError: 0.2 }
    expect(tensorDamage(PLAIN, errors)).toBeCloseTo(0.02, 12)
    expect(tensorDamage(WEIGHTED, errors)).toBeCloseTo(0.08, 12)
  })

  it('takes the plain error where importance weighs the whole tensor with zero', () => {
    expect(tensorDamage(WEIGHTED, { relativeError: 0.1, weightedRelativeError: null })).toBeCloseTo(0.02, 12)
  })

  it('is not known without an error', () => {
    expect(tensorDamage(PLAIN, { relativeError: null, weightedRelativeError: 0.2 })).toBeNull()
    expect(tensorDamage(WEIGHTED, { relativeError: null, weightedRelativeError: null })).toBeNull()
  })

  it('is nothing without sensitivity', () => {
    expect(tensorDamage({ ...PLAIN, alpha: 0 }, { relativeError: 0.1, weightedRelativeError: null })).toBe(0)
  })
})
