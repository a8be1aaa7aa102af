import { computed } from 'vue'
import { beforeEach, expect, it, vi } from 'vitest'
import { useMeasurements } from '../../../renderer/stores/measurements.ts'
import { useModels } from '../../../renderer/stores/models.ts'
import { useNotices } from '../../../renderer/stores/notices.ts'
import { installFakeBridge, type FakeBridge } from '../../support/fake-bridge.ts'
import { measurementOf, modelOf } from '../../support/window-data.ts'

let host: FakeBridge
const frame = () => new Promise((resolve) => setTimeout(resolve, 300))

beforeEach(async () => {
  host = installFakeBridge({
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path),
    'measurements.list': () => [],
  })
  useMeasurements().start()
  await useModels().openPath('one')
})

function tell(...measurements: ReturnType<typeof measurementOf>[]): void {
  host.emit('measurements', { model: 'one', measurements, imatrix: null })
}

it('asks the host once for a format and method', async () => {
  host.answers = {
    ...host.answers,
    'measurements.list': () => [{ ...measurementOf('a'), cached: true }],
  }
  const store = useMeasurements()
  const table = computed(() => store.table('Q4_K', 'reference'))
  expect(table.value.size).toBe(0)
  await vi.waitFor(() => expect(table.value.get('a')?.relativeError).toBe(0.07))
  expect(host.calls.filter((call) => call.method === 'measurements.list')).toHaveLength(1)
})

it('takes in live results together and tells those who computed from the table', async () => {
  const store = useMeasurements()
  const count = computed(() => store.table('Q4_K', 'reference').size)
  expect(count.value).toBe(0)
  tell(measurementOf('a'))
  tell(measurementOf('b'))
  expect(count.value).toBe(0)
  await frame()
  expect(count.value).toBe(2)
})

it('replaces a sample by the exact figure, and never the other way round', async () => {
  const store = useMeasurements()
  const sample = measurementOf('a', { relativeError: 0.09, sampledRows: 12, standardError: 0.01 })
  tell(sample)
  await frame()
  tell(measurementOf('a'))
  await frame()
  tell(sample)
  await frame()
  expect(store.table('Q4_K', 'reference').get('a')?.standardError).toBeNull()
})

it('keeps results with and without importance apart', async () => {
  const store = useMeasurements()
  host.emit('measurements', { model: 'one', measurements: [measurementOf('a')], imatrix: '/imatrix.gguf' })
  await frame()
  expect(store.table('Q4_K', 'reference').size).toBe(0)
  useModels().setImatrix('/imatrix.gguf')
  expect(store.table('Q4_K', 'reference').size).toBe(1)
  expect(store.ofTensor('a')).toHaveLength(1)
})

it('reports a list that could not be read and asks again later', async () => {
  host.answers = {
    ...host.answers,
    'measurements.list': () => ({ code: 'CACHE_LOCKED', message: 'The cache is locked', fault: 'input' }),
  }
  const store = useMeasurements()
  store.table('Q4_K', 'reference')
  await vi.waitFor(() => expect(useNotices().latest?.error?.code).toBe('CACHE_LOCKED'))
  store.table('Q4_K', 'reference')
  expect(host.calls.filter((call) => call.method === 'measurements.list')).toHaveLength(2)
})

it('asks again for what it shows when events may have been missed', async () => {
  const store = useMeasurements()
  expect(store.table('Q4_K', 'reference').size).toBe(0)
  await frame()
  host.answers = { ...host.answers, 'measurements.list': () => [{ ...measurementOf('a'), cached: true }] }
  host.cut()
  await vi.waitFor(() => expect(store.table('Q4_K', 'reference').size).toBe(1))
})
