import { beforeEach, expect, it, vi } from 'vitest'
import { useJobs } from '../../../renderer/stores/jobs.ts'
import { useModels } from '../../../renderer/stores/models.ts'
import { useSensitivities } from '../../../renderer/stores/sensitivities.ts'
import { installFakeBridge, type FakeBridge } from '../../support/fake-bridge.ts'
import { sensitivityOf } from '../../support/verification-data.ts'
import { jobOf, modelOf } from '../../support/window-data.ts'

const ESTIMATE = {
  groups: 2, known: 0, evaluations: 2, tokensPerEvaluation: 128, tokensPerSecond: 50, seconds: 5, temporaryBytes: 10,
} // prettier-ignore
let host: FakeBridge

const job = (tensorsDone: number) =>
  jobOf('s', { kind: 'sensitivity', modelPath: '/models/one.gguf', tensorsDone })
const asked = (method: string) => host.calls.filter((call) => call.method === method)

beforeEach(async () => {
  host = installFakeBridge({
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path),
    'sensitivity.list': () => null,
    'sensitivity.estimate': () => ESTIMATE,
    'sensitivity.start': () => job(0),
  })
  await useModels().openPath('one')
})

function chosen() {
  const store = useSensitivities()
  store.settings = { text: '/t.txt', context: 128, tokens: 1024, formats: ['Q3_K'], layers: 0 }
  return store
}

it('asks for a text and a format before anything else', async () => {
  const store = useSensitivities()
  expect(store.obstacle).toBe('Choose a text first.')
  store.settings.text = '/t.txt'
  store.settings.formats = []
  expect(store.obstacle).toBe('Choose at least one format.')
  await store.askEstimate()
  expect(await store.start()).toBeNull()
  expect(asked('sensitivity.estimate')).toEqual([])
})

it('measures each tensor alone, or roles over several layers', async () => {
  const store = chosen()
  await store.start()
  store.settings.layers = 4
  await store.start()
  expect(asked('sensitivity.start').map(({ request }) => request)).toMatchObject([
    {
      model: 'one',
      text: '/t.txt',
      context: 128,
      tokens: 1024,
      formats: ['Q3_K'],
      grouping: { kind: 'tensor' },
    },
    { grouping: { kind: 'layers', layers: 4 } },
  ])
})

it('drops an estimate when the settings change, and has it again when they change back', async () => {
  const store = chosen()
  await store.askEstimate()
  expect(store.estimate).toEqual(ESTIMATE)
  store.settings.tokens = 2048
  expect(store.estimate).toBeNull()
  store.settings.tokens = 1024
  expect(store.estimate).toEqual(ESTIMATE)
})

it('keeps why there is no estimate, until the settings change', async () => {
  const error = { code: 'TEXT_TOO_SHORT', message: 'The text is too short', fault: 'input' } as const
  host.answers = { ...host.answers, 'sensitivity.estimate': () => error }
  const store = chosen()
  await store.askEstimate()
  expect(store.estimateError?.code).toBe('TEXT_TOO_SHORT')
  store.settings.text = '/longer.txt'
  await vi.waitFor(() => expect(store.estimateError).toBeNull())
})

it('shows groups while the run goes on', async () => {
  const store = chosen()
  await store.start()
  expect(store.known).toBeNull()
  const known = {
    schema: 1,
    model: 'one',
    tokens: 128,
    context: 128,
    groups: [sensitivityOf(['a'])],
  } as const
  host.answers = { ...host.answers, 'sensitivity.list': () => known }
  useJobs().put(job(1))
  await vi.waitFor(() => expect(store.known).toEqual(known))
})
