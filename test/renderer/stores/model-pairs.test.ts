import { beforeEach, expect, it, vi } from 'vitest'
import type { TensorPair, TensorPairError } from '../../../preload/contract.ts'
import { useModelPairs } from '../../../renderer/stores/model-pairs.ts'
import { useModels } from '../../../renderer/stores/models.ts'
import { installFakeBridge, type FakeBridge } from '../../support/fake-bridge.ts'
import { modelOf } from '../../support/window-data.ts'

const side = { type: 'F16', shape: [32, 2], bytes: 128 }
let host: FakeBridge
let answer: (tensor: string) => Promise<TensorPairError>

function pairOf(name: string): TensorPair {
  return { name, a: side, b: side }
}

const PAIRS = [
  ...Array.from({ length: 30 }, (_none, index) => pairOf(`t${index}`)),
  { name: 'alone', a: side, b: null },
]

beforeEach(async () => {
  answer = () => Promise.resolve({ relativeError: 0.5, nonFinite: 0 })
  host = installFakeBridge({
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path),
    'models.pairs': () => PAIRS,
    'models.pairError': ({ tensor }) => answer(tensor),
  })
  await useModels().openPath('one')
  await useModels().openPath('two')
})

const asked = () =>
  host.calls
    .filter(({ method }) => method === 'models.pairError')
    .map(({ request }) => (request as { tensor: string }).tensor)

async function ready() {
  const store = useModelPairs()
  await vi.waitFor(() => expect(store.state).toBe('ready'))
  return store
}

it('takes the active model as the one made from the other', async () => {
  const store = await ready()
  expect([store.a, store.b]).toEqual(['one', 'two'])
  expect(store.left).toBe(30)
})

it('swaps the two instead of comparing one with itself', async () => {
  const store = await ready()
  store.choose('a', 'two')
  expect([store.a, store.b]).toEqual(['two', 'one'])
})

it('compares what is in sight, in its order, and nothing that can not be compared', async () => {
  const store = await ready()
  store.want(['t3', 'alone', 't1'])
  await vi.waitFor(() => expect(store.results.size).toBe(2))
  expect(asked()).toEqual(['t3', 't1'])
  expect(store.results.get('t3')).toEqual({ relativeError: 0.5, nonFinite: 0 })
})

it('leaves what went out of sight and takes what came', async () => {
  const waiting: (() => void)[] = []
  answer = () => new Promise((resolve) => waiting.push(() => resolve({ relativeError: 0, nonFinite: 0 })))
  const store = await ready()
  store.want(['t0', 't1', 't2', 't3'])
  store.want(['t9'])
  await vi.waitFor(() => expect(waiting).toHaveLength(2))
  waiting.splice(0).forEach((settle) => settle())
  await vi.waitFor(() => expect(asked()).toEqual(['t0', 't1', 't9']))
})

it('compares all, what is in sight first, and asks for nothing twice', async () => {
  const store = await ready()
  store.want(['t20', 't21'])
  store.compareAll()
  expect(store.comparingAll).toBe(true)
  await vi.waitFor(() => expect(store.left).toBe(0))
  expect(asked().slice(0, 4)).toEqual(['t20', 't21', 't0', 't1'])
  expect(asked()).toHaveLength(30)
  expect(store.comparingAll).toBe(false)
})

it('asks for nothing more when it is stopped', async () => {
  const waiting: (() => void)[] = []
  answer = () => new Promise((resolve) => waiting.push(() => resolve({ relativeError: 0, nonFinite: 0 })))
  const store = await ready()
  store.compareAll()
  store.stop()
  waiting.splice(0).forEach((settle) => settle())
  await vi.waitFor(() => expect(store.results.size).toBe(2))
  expect(asked()).toHaveLength(2)
})

it('keeps results while both models stay open', async () => {
  const store = await ready()
  store.want(['t5'])
  await vi.waitFor(() => expect(store.results.size).toBe(1))
  store.choose('a', 'two')
  expect(store.results.size).toBe(0)
  store.choose('b', 'two')
  expect(store.results.size).toBe(1)
})
