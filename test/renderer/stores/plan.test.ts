import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Plan, PlanChoices } from '../../../preload/contract.ts'
import { useModels } from '../../../renderer/stores/models.ts'
import { usePlan } from '../../../renderer/stores/plan.ts'
import { useTensors } from '../../../renderer/stores/tensors.ts'
import { installFakeBridge, type FakeBridge } from '../../support/fake-bridge.ts'
import { modelOf, tensorOf } from '../../support/window-data.ts'

const Q4 = { format: 'Q4_K', method: 'reference' } as const
const Q8 = { format: 'Q8_0', method: 'reference' } as const
let host: FakeBridge

/** A plan as the host would answer: one byte per letter of the formats, so that sizes differ. */
function planOf(choices: PlanChoices): Plan {
  const tensors = Object.entries(choices).map(([name, choice]) => ({
    name,
    format: choice.format,
    requested: choice.format,
    method: choice.method,
    bytes: choice.format.length,
    error: null,
    damage: null,
  }))
  const kept = { name: 'norm', format: 'F32', requested: 'F32', method: null, bytes: 4, error: 0, damage: 0 }
  return {
    schema: 1,
    model: 'one',
    target: 'llama.cpp',
    damageModel: 'error',
    fileBytes: tensors.reduce((sum, one) => sum + one.bytes, 0),
    bpw: 4.5,
    predictedDamage: null,
    lowerBound: null,
    gap: null,
    tensors: [...tensors, kept],
  }
}

beforeEach(async () => {
  host = installFakeBridge({
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path),
    'plans.evaluate': ({ choices }) => planOf(choices),
    'plans.preset': () => planOf({ a: Q4, b: Q4 }),
  })
  usePlan()
  await useModels().openPath('one')
})

describe('changes', () => {
  it('undoes and redoes step by step', () => {
    const plan = usePlan()
    plan.setTensors(['a', 'b'], Q4)
    plan.setTensor('a', Q8)
    plan.undo()
    expect(plan.choiceOf('a')).toEqual(Q4)
    plan.undo()
    expect(plan.choices).toEqual({})
    expect(plan.canUndo).toBe(false)
    plan.redo()
    plan.redo()
    expect(plan.choiceOf('a')).toEqual(Q8)
    expect(plan.canRedo).toBe(false)
  })

  it('forgets what was undone when something new is done', () => {
    const plan = usePlan()
    plan.setTensor('a', Q4)
    plan.undo()
    plan.setTensor('b', Q4)
    expect(plan.canRedo).toBe(false)
  })

  it('gives a tensor back its stored type', () => {
    const plan = usePlan()
    plan.setTensors(['a', 'b'], Q4)
    plan.setTensors(['a'], null)
    expect(plan.choices).toEqual({ b: Q4 })
  })

  it('leaves pinned tensors alone, except by name', () => {
    const plan = usePlan()
    plan.setTensor('a', Q8)
    plan.togglePins(['a'])
    plan.setTensors(['a', 'b'], Q4)
    expect(plan.choices).toEqual({ a: Q8, b: Q4 })
    plan.setTensor('a', Q4)
    expect(plan.choiceOf('a')).toEqual(Q4)
  })

  it('takes a preset over without touching pins or kept tensors', async () => {
    const plan = usePlan()
    plan.setTensor('a', Q8)
    plan.togglePins(['a'])
    await plan.applyPreset('Q4_K', 'reference')
    expect(plan.choices).toEqual({ a: Q8, b: Q4 })
  })

  it('keeps one history per model', async () => {
    const plan = usePlan()
    plan.setTensor('a', Q4)
    await useModels().openPath('two')
    expect(plan.choices).toEqual({})
    expect(plan.canUndo).toBe(false)
    useModels().activate('one')
    expect(plan.choiceOf('a')).toEqual(Q4)
  })
})

describe('the evaluation', () => {
  it('follows the choices', async () => {
    const plan = usePlan()
    plan.setTensor('a', Q4)
    expect(plan.pending).toBe(true)
    await vi.waitFor(() => expect(plan.evaluated?.fileBytes).toBe(4))
    expect(plan.plannedOf('a')?.bytes).toBe(4)
    expect(plan.pending).toBe(false)
  })

  it('ignores answers that newer changes have overtaken', async () => {
    const first = Promise.withResolvers<Plan>()
    const answers = [first.promise, Promise.resolve(planOf({ a: Q8, b: Q8 }))]
    host.answers = { ...host.answers, 'plans.evaluate': () => answers.shift() ?? planOf({}) }
    const plan = usePlan()
    const early = plan.evaluate()
    await plan.evaluate()
    first.resolve(planOf({ a: Q4 }))
    await early
    expect(plan.evaluated?.tensors.map((one) => one.format)).toEqual(['Q8_0', 'Q8_0', 'F32'])
  })

  it('keeps the error of a plan that cannot be', async () => {
    host.answers = {
      ...host.answers,
      'plans.evaluate': () => ({ code: 'FORMAT_UNKNOWN', message: 'No such format', fault: 'input' }),
    }
    const plan = usePlan()
    await plan.evaluate()
    expect(plan.error?.code).toBe('FORMAT_UNKNOWN')
  })

  it('is asked by role priors while nothing is measured, with the factors of the user', async () => {
    host.answers = { ...host.answers, 'models.tensors': () => [tensorOf('blk.0.attn_v.weight')] }
    await useModels().openPath('two')
    const plan = usePlan()
    await vi.waitFor(() => expect(useTensors().all).toHaveLength(1))
    plan.setMultipliers({ attn_v: 2 })
    await plan.evaluate()
    expect(host.calls.findLast(({ method }) => method === 'plans.evaluate')?.request).toMatchObject({
      damage: { model: 'priors', multipliers: { 'blk.0.attn_v.weight': 2 } },
    })
  })
})

describe('a searched plan', () => {
  const BUDGET = { kind: 'file', bytes: 10 } as const

  it('is evaluated already', async () => {
    const plan = usePlan()
    await vi.waitFor(() => expect(plan.pending).toBe(false))
    const asked = host.calls.length
    plan.take(planOf({ a: Q8 }), BUDGET, 'new')
    await vi.waitFor(() => expect(plan.evaluated?.fileBytes).toBe(4))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(host.calls).toHaveLength(asked)
    expect([plan.choiceOf('a'), plan.budget]).toEqual([Q8, BUDGET])
  })

  it('is evaluated anew when undo comes back to it', async () => {
    const plan = usePlan()
    plan.setTensor('a', Q4)
    plan.take(planOf({ a: Q8, b: Q8 }), BUDGET, 'new')
    plan.undo()
    await vi.waitFor(() => expect(plan.plannedOf('a')?.format).toBe('Q4_K'))
    plan.redo()
    await vi.waitFor(() => expect(plan.plannedOf('a')?.format).toBe('Q8_0'))
  })

  it('takes the place of the step before it when it belongs to that', () => {
    const plan = usePlan()
    plan.take(planOf({ a: Q4 }), BUDGET, 'new')
    plan.take(planOf({ a: Q8 }), BUDGET, 'same')
    plan.undo()
    expect([plan.choices, plan.canUndo]).toEqual([{}, false])
  })

  it('has no budget any more when a tensor is changed by hand', () => {
    const plan = usePlan()
    plan.take(planOf({ a: Q4 }), BUDGET, 'new')
    plan.setTensor('a', Q8)
    expect(plan.budget).toBeNull()
    plan.undo()
    expect(plan.budget).toEqual(BUDGET)
  })
})

it('rules and factors are steps of history', () => {
  const plan = usePlan()
  plan.setRules([{ kind: 'keep', scope: { kind: 'role', role: 'output' } }])
  plan.setMultipliers({ attn_v: 2, attn_q: 1 })
  expect(plan.multipliers).toEqual({ attn_v: 2 })
  plan.undo()
  expect([plan.rules.length, plan.multipliers]).toEqual([1, {}])
  plan.undo()
  expect(plan.rules).toEqual([])
})
