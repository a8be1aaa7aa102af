import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { AllocationFrontier, Budget, Plan, RequestOf } from '../../../../preload/contract.ts'
import { useAllocation } from '../../../../renderer/stores/allocation.ts'
import { useModels } from '../../../../renderer/stores/models.ts'
import { usePlan } from '../../../../renderer/stores/plan.ts'
import { useTensors } from '../../../../renderer/stores/tensors.ts'
import { useBudget } from '../../../../renderer/views/plan/useBudget.ts'
import { installFakeBridge, type FakeBridge } from '../../../support/fake-bridge.ts'
import { modelOf, tensorOf } from '../../../support/window-data.ts'

const WEIGHTS = 8000
const HEADER = 500
const KV_BYTES = 3000
/** Files of 2, 4 and 8 bits per weight. */
const POINTS = [2, 4, 8].map((bpw) => ({ fileBytes: HEADER + bpw * 1000, bpw, damage: 1 / bpw }))
const FRONTIER: AllocationFrontier = {
  points: POINTS, presets: [], formats: [], missing: [], sampledFigures: 0, figures: 3, milliseconds: 1,
  damage: { model: 'priors', explanation: '', unit: '', measure: 'mixed', measuredTensors: 0, tensors: 1 },
} // prettier-ignore
let host: FakeBridge

function planOf(fileBytes: number): Plan {
  return {
    schema: 1, model: 'one', target: 'llama.cpp', damageModel: 'priors', fileBytes, bpw: 4, predictedDamage: 0.1,
    lowerBound: 0.1, gap: 0, tensors: [],
  } // prettier-ignore
}

const asked = (): readonly Budget[] =>
  host.calls
    .filter(({ method }) => method === 'allocation.solve')
    .map(({ request }) => (request as RequestOf<'allocation.solve'>).budget)

beforeEach(async () => {
  host = installFakeBridge({
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path, { parameters: WEIGHTS }),
    'models.tensors': () => [tensorOf('output.weight')],
    'sensitivity.list': () => null,
    'plans.evaluate': () => planOf(16_500),
    'allocation.frontier': () => FRONTIER,
    'allocation.solve': ({ budget }) => planOf(budget.kind === 'file' ? budget.bytes : 4500),
    'allocation.memory': ({ context }) => ({
      context, kvBytes: KV_BYTES, kvBytesPerToken: 1, formula: '',
    }),
  }) // prettier-ignore
  const allocation = useAllocation()
  await useModels().openPath('one')
  await vi.waitFor(() => expect(useTensors().all).toHaveLength(1))
  await allocation.refresh()
})

describe('a file size in another way', () => {
  it('is bits per weight, which fit the file they were made from', async () => {
    useAllocation().way = 'bpw'
    await useBudget().withinBytes(4500)
    expect(asked()).toEqual([{ kind: 'bpw', bpw: 4 }])
  })

  it('is memory: the weights without the header, and the KV cache', async () => {
    const allocation = useAllocation()
    allocation.way = 'memory'
    await vi.waitFor(() => expect(allocation.memory?.kvBytes).toBe(KV_BYTES))
    await useBudget().withinBytes(4500)
    expect(asked()).toEqual([{ kind: 'memory', bytes: 4000 + KV_BYTES, context: 4096, cacheType: 'F16' }])
  })
})

describe('a typed budget', () => {
  it('is read in the way that is chosen', () => {
    const [allocation, budget] = [useAllocation(), useBudget()]
    expect(budget.parsed('4 KiB')).toEqual({ kind: 'file', bytes: 4096 })
    allocation.way = 'bpw'
    expect(budget.parsed('4.25 bpw')).toEqual({ kind: 'bpw', bpw: 4.25 })
    expect(budget.parsed('a lot')).toBeNull()
  })
})

describe('the slider', () => {
  it('stands at the budget, and at the size of a plan that has none', async () => {
    const budget = useBudget()
    await vi.waitFor(() => expect(budget.value.value).toBe(16_500))
    await budget.within({ kind: 'bpw', bpw: 8 })
    expect(budget.value.value).toBe(8500)
  })

  it('walks from plan to plan by keys, and a run of keys is one step of history', async () => {
    const budget = useBudget()
    await budget.withinBytes(8500)
    await budget.step(-1)
    await budget.step(-1)
    expect(asked().slice(1)).toEqual([
      { kind: 'file', bytes: 4500 },
      { kind: 'file', bytes: 2500 },
    ])
    usePlan().undo()
    expect(usePlan().budget).toEqual({ kind: 'file', bytes: 8500 })
  })
})
