import { expect, test } from 'vitest'
import type { Plan, PlannedTensor } from '../../../../preload/contract.ts'
import { planChanges, wholeChange } from '../../../../renderer/views/plan/plan-changes.ts'

function planned(name: string, format: string, bytes: number, damage: number | null): PlannedTensor {
  return { name, format, requested: format, method: 'reference', bytes, error: null, damage }
}

function plan(tensors: readonly PlannedTensor[], change: Partial<Plan> = {}): Plan {
  return {
    schema: 1, model: 'test', target: 'llama.cpp', damageModel: 'priors', fileBytes: 0, bpw: 0,
    predictedDamage: null, lowerBound: null, gap: null, tensors, ...change,
  } // prettier-ignore
}

const preset = plan([
  planned('a', 'Q4_K', 1000, 0.1),
  planned('b', 'Q4_K', 1000, 0.1),
  planned('c', 'Q4_K', 1000, 0.1),
])

test('lists what differs, largest effect on the damage first, unknown effects last', () => {
  const own = plan([
    planned('a', 'Q5_K', 1200, 0.09),
    planned('b', 'Q6_K', 1400, null),
    planned('c', 'Q2_K', 600, 0.4),
  ])
  expect(planChanges(preset, own).map((one) => one.name)).toEqual(['c', 'a', 'b'])
})

test('each byte spent avoids damage', () => {
  const [change] = planChanges(preset, plan([planned('a', 'Q5_K', 1100, 0.05)]))
  expect(change?.damage).toBeCloseTo(-0.05)
  expect(change?.damagePerByte).toBeCloseTo(0.0005)
})

test('each byte saved costs damage', () => {
  const [change] = planChanges(preset, plan([planned('a', 'Q3_K', 900, 0.2)]))
  expect(change?.damagePerByte).toBeCloseTo(0.001)
})

test('without a measurement the damage is unknown, not zero', () => {
  const [change] = planChanges(preset, plan([planned('a', 'Q5_K', 1100, null)]))
  expect([change?.damage, change?.damagePerByte]).toEqual([null, null])
})

test('equal bytes have no damage per byte', () => {
  const [change] = planChanges(preset, plan([planned('a', 'Q4_0', 1000, 0.12)]))
  expect(change?.damagePerByte).toBeNull()
})

test('the same format by another method is a change', () => {
  const own = plan([{ ...planned('a', 'Q4_K', 1000, 0.08), method: 'optimal' }])
  expect(planChanges(preset, own)).toHaveLength(1)
})

test('whole files are compared by their exact size, and by damage where both are known', () => {
  const before = plan([], { fileBytes: 4000, predictedDamage: 0.3 })
  expect(wholeChange(before, plan([], { fileBytes: 3900, predictedDamage: 0.2 })).bytes).toBe(-100)
  expect(wholeChange(before, plan([], { fileBytes: 3900, predictedDamage: null })).damage).toBeNull()
})
