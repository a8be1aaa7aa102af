import { describe, expect, it } from 'vitest'
import type { TensorSensitivity } from '../../../../main/engine/allocation/damage/damage-model.ts'
import { describeDamage } from '../../../../main/engine/allocation/damage/describe-damage.ts'

const PRIOR: TensorSensitivity = { alpha: 1, standardError: null, source: 'prior', measure: 'relativeError' }
const MEASURED: TensorSensitivity = {
  alpha: 1,
  standardError: 0.1,
  source: 'measured',
  measure: 'weightedRelativeError',
}

const named = (...all: readonly TensorSensitivity[]): ReadonlyMap<string, TensorSensitivity> =>
  new Map(all.map((sensitivity, index) => [`tensor ${index}`, sensitivity]))

describe('describeDamage', () => {
  it('has a sentence of its own and a unit for each damage model', () => {
    const models = ['error', 'importance', 'priors', 'measured'] as const
    const described = models.map((model) => describeDamage(model, named(MEASURED)))
    expect(new Set(described.map(({ explanation }) => explanation)).size).toBe(models.length)
    const squares = 'squared relative error'
    expect(described.map(({ unit }) => unit)).toEqual([squares, squares, 'none', 'nats'])
  })

  it('says that priors are a guess', () => {
    expect(describeDamage('priors', named(PRIOR)).explanation).toContain('guess')
  })

  it('counts what was measured, here or in a file, and tells of the rest', () => {
    const file: TensorSensitivity = { ...MEASURED, source: 'file' }
    const mixed = describeDamage('measured', named(MEASURED, file, PRIOR))
    expect([mixed.measuredTensors, mixed.tensors]).toEqual([2, 3])
    expect(mixed.explanation).toContain('1 of 3 tensors not measured')
    expect(describeDamage('measured', named(MEASURED)).explanation).not.toContain('not measured')
  })

  it('promises no nats where nothing was measured', () => {
    const guessed = describeDamage('measured', named(PRIOR))
    expect([guessed.unit, guessed.measuredTensors]).toEqual(['none', 0])
    expect(guessed.explanation).toBe(describeDamage('priors', named(PRIOR)).explanation)
  })

  it('names the error that is squared', () => {
    const measureOf = (...all: readonly TensorSensitivity[]) =>
      describeDamage('measured', named(...all)).measure
    expect(measureOf(MEASURED)).toBe('weightedRelativeError')
    expect(measureOf(PRIOR)).toBe('relativeError')
    expect(measureOf(MEASURED, PRIOR)).toBe('mixed')
    expect(measureOf()).toBe('relativeError')
  })

  it("tells of the user's own factors", () => {
    expect(describeDamage('priors', named(PRIOR)).explanation).not.toContain('factors')
    expect(describeDamage('priors', named(PRIOR), { multiplied: 2 }).explanation).toContain(
      'factors on 2 tensors',
    )
  })

  it('tells of sensitivities that are not used', () => {
    const { explanation } = describeDamage('measured', named(MEASURED), { strangers: 3 })
    expect(explanation).toContain('3 tensors that this model does not quantize')
  })
})
