import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { AllocationFrontier, Budget, Plan, RequestOf } from '../../../preload/contract.ts'
import { useAllocation } from '../../../renderer/stores/allocation.ts'
import { useDamage } from '../../../renderer/stores/damage.ts'
import { useHost } from '../../../renderer/stores/host.ts'
import { useModels } from '../../../renderer/stores/models.ts'
import { usePlan } from '../../../renderer/stores/plan.ts'
import { useTensors } from '../../../renderer/stores/tensors.ts'
import { installFakeBridge, type FakeBridge } from '../../support/fake-bridge.ts'
import { formatOf, modelOf, tensorOf } from '../../support/window-data.ts'

const ATTN_V = 'blk.0.attn_v.weight'
const ATTN_Q = 'blk.0.attn_q.weight'
const NORM = 'blk.0.attn_norm.weight'
const within = (bytes: number): Budget => ({ kind: 'file', bytes })
let host: FakeBridge

/** The size of the plan is the budget, so that an answer shows its question. */
function solved({ budget }: Pick<RequestOf<'allocation.solve'>, 'budget'>): Plan {
  const bytes = budget.kind === 'file' ? budget.bytes : 0
  return {
    schema: 1, model: 'one', target: 'llama.cpp', damageModel: 'priors', fileBytes: bytes, bpw: 4,
    predictedDamage: 1 / bytes, lowerBound: 0, gap: 0,
    tensors: [{
      name: ATTN_V, format: `Q${bytes}`, requested: `Q${bytes}`, method: 'reference', bytes, error: 0, damage: 0,
    }],
  } // prettier-ignore
}

const FRONTIER: AllocationFrontier = {
  points: [], presets: [], formats: [], missing: [], sampledFigures: 0, figures: 0, milliseconds: 1,
  damage: { model: 'priors', explanation: '', unit: '', measure: 'mixed', measuredTensors: 0, tensors: 2 },
} // prettier-ignore

const asked = (method: 'allocation.frontier' | 'allocation.solve') =>
  host.calls.filter((call) => call.method === method)
const solves = () => asked('allocation.solve')

beforeEach(async () => {
  host = installFakeBridge({
    'host.info': () => ({
      host: 'browser', version: '0', platform: 'linux', threads: 1, kernels: 'typescript', roots: null,
      initialModel: null, findings: [], formats: [formatOf('Q4_K', 4.5), formatOf('Q6_K', 6.5625)],
    }), // prettier-ignore
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path),
    'models.tensors': () => [tensorOf(ATTN_V), tensorOf(ATTN_Q), tensorOf(NORM)],
    'sensitivity.list': () => null,
    'plans.evaluate': () => solved({ budget: within(1) }),
    'allocation.solve': solved,
    'allocation.frontier': () => FRONTIER,
  }) // prettier-ignore
  useAllocation()
  await useHost().start()
  await useModels().openPath('one')
  await vi.waitFor(() => expect(useTensors().all).toHaveLength(3))
})

describe('the request', () => {
  it('keeps pinned tensors: the chosen ones as they are, the others as stored', () => {
    const plan = usePlan()
    plan.setTensor(ATTN_V, { format: 'Q6_K', method: 'reference' })
    plan.togglePins([ATTN_V, ATTN_Q, NORM])
    expect(useAllocation().request).toMatchObject({
      pins: { [ATTN_V]: { format: 'Q6_K', method: 'reference' } },
      excluded: [ATTN_Q],
    })
  })

  it('names the tensors of every rule; the higher of two minimums counts', () => {
    const all = { kind: 'all' } as const
    usePlan().setRules([
      { kind: 'minimum', scope: all, format: 'Q6_K' },
      { kind: 'minimum', scope: { kind: 'role', role: 'attn_v' }, format: 'Q4_K' },
      { kind: 'share', scope: { kind: 'layer', layer: 0 } },
      { kind: 'keep', scope: { kind: 'tensors', names: [ATTN_Q] } },
    ])
    expect(useAllocation().request).toMatchObject({
      minimums: { [ATTN_V]: 'Q6_K', [ATTN_Q]: 'Q6_K' },
      groups: [[ATTN_V, ATTN_Q]],
      excluded: [ATTN_Q],
    })
  })

  it('is by measured sensitivities as soon as there are some, unless the user wants another model', async () => {
    const sensitivities = { schema: 1, model: 'one', tokens: 1, context: 1, groups: [] } as const
    host.answers = { ...host.answers, 'sensitivity.list': () => sensitivities }
    expect(useAllocation().request?.damage.model).toBe('priors')
    await useDamage().ask()
    expect(useAllocation().request?.damage.model).toBe('measured')
    useDamage().choose('error')
    expect(useAllocation().request?.damage.model).toBe('error')
  })
})

describe('a budget', () => {
  it('becomes a plan and one step of history, however often a gesture moves it', async () => {
    const [allocation, plan] = [useAllocation(), usePlan()]
    const gesture = { state: null }
    for (const bytes of [10, 20, 30]) await allocation.within(within(bytes), gesture)
    expect(plan.evaluated?.fileBytes).toBe(30)
    expect(plan.budget).toEqual(within(30))
    plan.undo()
    expect([plan.choices, plan.canUndo]).toEqual([{}, false])
  })

  it('is asked one at a time, and of those that wait only the newest', async () => {
    const first = Promise.withResolvers<Plan>()
    const answers = [first.promise]
    host.answers = {
      ...host.answers,
      'allocation.solve': (request) => answers.shift() ?? solved(request),
    }
    const allocation = useAllocation()
    const gesture = { state: null }
    const moves = [10, 20, 30, 40].map((bytes) => allocation.within(within(bytes), gesture))
    expect(allocation.asked).toEqual(within(40))
    first.resolve(solved({ budget: within(10) }))
    await Promise.all(moves)
    expect(solves().map(({ request }) => (request as RequestOf<'allocation.solve'>).budget)).toEqual([
      within(10),
      within(40),
    ])
    expect([usePlan().evaluated?.fileBytes, allocation.asked]).toEqual([40, null])
  })

  it('out of reach leaves the plan alone and says why', async () => {
    const [allocation, plan] = [useAllocation(), usePlan()]
    await allocation.within(within(10))
    host.answers = {
      ...host.answers,
      'allocation.solve': () => ({ code: 'BUDGET_OUT_OF_REACH', message: 'Too small', fault: 'input' }),
    }
    await allocation.within(within(1))
    expect(allocation.solveError?.code).toBe('BUDGET_OUT_OF_REACH')
    expect([plan.budget, plan.evaluated?.fileBytes]).toEqual([within(10), 10])
    plan.undo()
    await vi.waitFor(() => expect(allocation.solveError).toBeNull())
  })

  it('does not overwrite what was changed while the host searched', async () => {
    const answer = Promise.withResolvers<Plan>()
    host.answers = { ...host.answers, 'allocation.solve': () => answer.promise }
    const [allocation, plan] = [useAllocation(), usePlan()]
    const move = allocation.within(within(10))
    plan.setTensor(ATTN_Q, { format: 'Q4_K', method: 'reference' })
    answer.resolve(solved({ budget: within(10) }))
    await move
    expect(Object.keys(plan.choices)).toEqual([ATTN_Q])
    expect(allocation.asked).toBeNull()
  })
})

describe('rules', () => {
  it('are applied to a searched plan at once, within their own step', async () => {
    const [allocation, plan] = [useAllocation(), usePlan()]
    await allocation.within(within(10))
    await allocation.changeRules([{ kind: 'share', scope: { kind: 'all' } }])
    expect(solves()).toHaveLength(2)
    plan.undo()
    expect([plan.rules.length, plan.budget]).toEqual([0, within(10)])
  })

  it('wait for a budget when the plan was made by hand', async () => {
    await useAllocation().changeRules([{ kind: 'share', scope: { kind: 'all' } }])
    expect(solves()).toEqual([])
  })
})

describe('the frontier', () => {
  it('is asked while somebody watches, and stays while choices move that are not pinned', async () => {
    const [allocation, plan] = [useAllocation(), usePlan()]
    allocation.watchFrontier(true)
    await vi.waitFor(() => expect(allocation.frontier).toEqual(FRONTIER))
    await allocation.within(within(10))
    plan.setTensor(ATTN_Q, { format: 'Q4_K', method: 'reference' })
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(asked('allocation.frontier')).toHaveLength(1)
    plan.togglePins([ATTN_Q])
    await vi.waitFor(() => expect(asked('allocation.frontier')).toHaveLength(2))
  })
})
