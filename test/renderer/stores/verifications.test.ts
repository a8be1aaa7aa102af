import { beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { useJobs } from '../../../renderer/stores/jobs.ts'
import { useModels } from '../../../renderer/stores/models.ts'
import { useNotices } from '../../../renderer/stores/notices.ts'
import { useVerifications } from '../../../renderer/stores/verifications.ts'
import { installFakeBridge, type FakeBridge } from '../../support/fake-bridge.ts'
import { jobOf, modelOf } from '../../support/window-data.ts'
import { verificationOf } from '../../support/verification-data.ts'

const Q4 = { format: 'Q4_K', method: 'reference' } as const
const CANDIDATE = { kind: 'plan', choices: { a: Q4 } } as const
let host: FakeBridge

beforeEach(async () => {
  host = installFakeBridge({
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path),
    'verification.list': () => [verificationOf('new'), verificationOf('old')],
    'verification.start': () => jobOf('v', { kind: 'verification', modelPath: '/models/one.gguf' }),
    'verification.forget': () => null,
  })
  await useModels().openPath('one')
})

const asked = (method: string) => host.calls.filter((call) => call.method === method)

it('asks the host when somebody looks, and once for a model', async () => {
  const verifications = useVerifications()
  await nextTick()
  expect(asked('verification.list')).toEqual([])
  expect(verifications.list).toEqual([])
  await vi.waitFor(() => expect(verifications.list.map((one) => one.id)).toEqual(['new', 'old']))
  expect(asked('verification.list')).toHaveLength(1)
})

it('starts with the chosen text, context and chunks', async () => {
  const verifications = useVerifications()
  verifications.settings = { text: '/t.txt', context: 256, chunks: 4 }
  const outcome = await verifications.start({ label: 'mine', candidate: CANDIDATE })
  expect(outcome?.ok).toBe(true)
  expect(asked('verification.start')[0]?.request).toEqual({
    model: 'one', label: 'mine', candidate: CANDIDATE, text: '/t.txt', context: 256, chunks: 4,
  }) // prettier-ignore
  expect(verifications.jobs.map((job) => job.id)).toEqual(['v'])
})

it('reads the whole text when no number of chunks is set', async () => {
  const verifications = useVerifications()
  verifications.settings = { text: '/t.txt', context: 512, chunks: null }
  await verifications.start({ label: 'mine', candidate: CANDIDATE })
  expect(asked('verification.start')[0]?.request).not.toHaveProperty('chunks')
})

it('does not start without a text', async () => {
  const verifications = useVerifications()
  expect(verifications.obstacle).toBe('Choose a text first.')
  expect(await verifications.start({ label: 'mine', candidate: CANDIDATE })).toBeNull()
  expect(asked('verification.start')).toEqual([])
})

it('looks again when a run is done', async () => {
  const verifications = useVerifications()
  await vi.waitFor(() => expect(verifications.list).toHaveLength(2))
  host.answers = { ...host.answers, 'verification.list': () => [verificationOf('newest')] }
  useJobs().put(jobOf('v', { kind: 'verification', state: 'done' }))
  await vi.waitFor(() => expect(verifications.list.map((one) => one.id)).toEqual(['newest']))
})

it('finds the newest result of a set of choices, with the same importance only', async () => {
  host.answers = {
    ...host.answers,
    'verification.list': () => [
      verificationOf('new', { choices: { b: Q4, a: Q4 } }),
      verificationOf('old', { choices: { a: Q4, b: Q4 } }),
      verificationOf('other', { choices: { a: Q4 } }),
      verificationOf('file', { choices: null }),
    ],
  }
  const verifications = useVerifications()
  await vi.waitFor(() => expect(verifications.list).toHaveLength(4))
  expect(verifications.ofChoices({ a: Q4, b: Q4 }, null)?.id).toBe('new')
  expect(verifications.ofChoices({ a: Q4 }, null)?.id).toBe('other')
  expect(verifications.ofChoices({ a: Q4 }, '/i.dat')).toBeNull()
  expect(verifications.ofChoices({ a: { ...Q4, method: 'optimal' } }, null)).toBeNull()
})

it('forgets one, and shows why when it can not', async () => {
  const verifications = useVerifications()
  await vi.waitFor(() => expect(verifications.list).toHaveLength(2))
  await verifications.forget('new')
  expect(verifications.list.map((one) => one.id)).toEqual(['old'])
  const error = {
    code: 'UNKNOWN_VERIFICATION',
    message: 'There is no such verification',
    fault: 'input',
  } as const
  host.answers = { ...host.answers, 'verification.forget': () => error }
  await verifications.forget('old')
  expect(verifications.list).toHaveLength(1)
  expect(useNotices().latest?.error?.code).toBe('UNKNOWN_VERIFICATION')
})
