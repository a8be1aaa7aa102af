import { expect, test } from 'vitest'
import type { Plan, PlannedTensor } from '../../../../preload/contract.ts'
import { missingGroups, planChanges } from '../../../../renderer/views/plan/plan-changes.ts'

function planned(name: string, format: string, bytes: number, error: number | null): PlannedTensor {
  return { name, format, requested: format, method: 'reference', bytes, error }
}

function plan(tensors: readonly PlannedTensor[]): Plan {
  return {
    schema: 1, model: 'test', target: 'llama.cpp', damageModel: 'error', fileBytes: 0, bpw: 0,
    predictedDamage: null, lowerBound: null, gap: null, tensors,
  } // prettier-ignore
}

const preset = plan([
  planned('a', 'Q4_K', 1000, 0.1),
  planned('b', 'Q4_K', 1000, 0.1),
  planned('c', 'Q4_K', 1000, 0.1),
])

test('lists what differs, largest change of bytes first', () => {
  const own = plan([
    planned('a', 'Q5_K', 1200, 0.05),
    planned('b', 'Q4_K', 1000, 0.1),
    planned('c', 'Q8_0', 2000, 0.01),
  ])
  expect(planChanges(preset, own).map((one) => [one.name, one.bytes])).toEqual([
    ['c', 1000],
    ['a', 200],
  ])
})

test('damage is the change of the squared relative error, also per byte', () => {
  const [change] = planChanges(preset, plan([planned('a', 'Q5_K', 1100, 0.05)]))
  expect(change?.damage).toBeCloseTo(0.05 ** 2 - 0.1 ** 2)
  expect(change?.damagePerByte).toBeCloseTo((0.05 ** 2 - 0.1 ** 2) / 100)
})

test('without a measurement the damage is unknown, not zero', () => {
  const [change] = planChanges(preset, plan([planned('a', 'Q5_K', 1100, null)]))
  expect([change?.damage, change?.damagePerByte]).toEqual([null, null])
})

test('equal bytes have no damage per byte', () => {
  const [change] = planChanges(preset, plan([planned('a', 'Q4_0', 1000, 0.12)]))
  expect(change?.damagePerByte).toBeNull()
})

test('groups what is missing by format and method, and leaves kept tensors out', () => {
  const kept: PlannedTensor = { ...planned('norm', 'F32', 10, null), method: null }
  const own = plan([
    planned('a', 'Q4_K', 1, null),
    planned('b', 'Q6_K', 1, null),
    planned('c', 'Q4_K', 1, null),
    planned('d', 'Q4_K', 1, 0.1),
    kept,
  ])
  expect(missingGroups(own)).toEqual([
    { format: 'Q4_K', method: 'reference', tensors: ['a', 'c'] },
    { format: 'Q6_K', method: 'reference', tensors: ['b'] },
  ])
})
