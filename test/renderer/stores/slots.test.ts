import { beforeEach, expect, it, vi } from 'vitest'
import type { PlanChoices } from '../../../preload/contract.ts'
import { useModels } from '../../../renderer/stores/models.ts'
import { usePlan } from '../../../renderer/stores/plan.ts'
import { useSlots } from '../../../renderer/stores/slots.ts'
import { installFakeBridge, type FakeBridge } from '../../support/fake-bridge.ts'
import { planOfTensors, plannedTensorOf } from '../../support/verification-data.ts'
import { modelOf } from '../../support/window-data.ts'

const Q4 = { format: 'Q4_K', method: 'reference' } as const
const Q8 = { format: 'Q8_0', method: 'reference' } as const
let host: FakeBridge

/** As the host would answer: the chosen tensors, and one that keeps its stored bytes. */
function planOf(choices: PlanChoices) {
  const chosen = Object.entries(choices).map(([name, { format, method }]) =>
    plannedTensorOf(name, { format, requested: format, method }),
  )
  return planOfTensors([
    ...chosen,
    plannedTensorOf('norm', { format: 'F32', requested: 'F32', method: null }),
  ])
}

beforeEach(async () => {
  host = installFakeBridge({
    'models.recent': () => [],
    'models.tensors': () => [],
    'models.open': ({ path }) => modelOf(path),
    'sensitivity.list': () => null,
    'plans.evaluate': ({ choices }) => planOf(choices),
    'plans.preset': () => planOf({ a: Q8, b: Q8 }),
    'plans.load': () => ({ plan: planOf({ a: Q4 }), findings: [] }),
  })
  await useModels().openPath('one')
})

it('lays a plan aside, which stays while the current one goes on', async () => {
  const [slots, plan] = [useSlots(), usePlan()]
  plan.setTensor('a', Q4)
  await slots.put('A', 'mine', plan.choices)
  plan.setTensor('a', Q8)
  expect(slots.slots.A?.choices).toEqual({ a: Q4 })
  expect(slots.slots.A?.plan?.tensors[0]?.format).toBe('Q4_K')
  expect(slots.slots.B).toBeNull()
})

it('takes presets and files, and evaluates what they chose', async () => {
  const slots = useSlots()
  await slots.putPreset('A', 'Q8_0', 'reference')
  await slots.load('B', '/plans/mine.json')
  expect(slots.slots.A).toMatchObject({ label: 'Q8_0', choices: { a: Q8, b: Q8 } })
  expect(slots.slots.B).toMatchObject({ label: 'mine.json', choices: { a: Q4 } })
})

it('makes a slot the current plan', async () => {
  const [slots, plan] = [useSlots(), usePlan()]
  await slots.put('C', 'third', { a: Q8 })
  slots.use('C')
  expect(plan.choices).toEqual({ a: Q8 })
  expect(plan.canUndo).toBe(true)
})

it('keeps slots apart for each model, and empties one at a time', async () => {
  const slots = useSlots()
  await slots.put('A', 'first', { a: Q4 })
  await slots.put('B', 'second', { a: Q8 })
  slots.clear('A')
  expect([slots.slots.A, slots.slots.B?.label]).toEqual([null, 'second'])
  await useModels().openPath('two')
  expect(slots.slots).toEqual({ A: null, B: null, C: null })
})

it('evaluates again with another imatrix', async () => {
  const slots = useSlots()
  await slots.put('A', 'first', { a: Q4 })
  useModels().setImatrix('/i.dat')
  const withIt = () =>
    host.calls.filter(
      ({ method, request }) => method === 'plans.evaluate' && 'imatrix' in (request as object),
    )
  await vi.waitFor(() => expect(withIt().length).toBeGreaterThan(0))
})

it('keeps why a plan can not be evaluated', async () => {
  const error = { code: 'FORMAT_UNKNOWN', message: 'No such format', fault: 'input' } as const
  host.answers = { ...host.answers, 'plans.evaluate': () => error }
  const slots = useSlots()
  await slots.put('A', 'first', { a: Q4 })
  expect(slots.slots.A).toMatchObject({ plan: null, error: { code: 'FORMAT_UNKNOWN' } })
})
