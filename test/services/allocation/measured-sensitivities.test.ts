import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { Cache } from '../../../main/services/cache/cache.ts'
import { KnownFingerprints } from '../../../main/services/measurements/known-fingerprints.ts'
import { weightsIdentity } from '../../../main/services/measurements/weights-identity.ts'
import {
  allocationRequest,
  DOWN,
  EMBEDDING,
  formatsOf,
  measure,
  QUERY,
  solved,
} from '../../support/allocations.ts'
import { callOk, codeOf, testFolder, testServices, writeSmallModel } from '../../support/services.ts'

const FORMATS = ['Q3_K', 'Q4_K', 'Q6_K', 'Q8_0']
const TEXT = { name: 'text', sha256: '00', context: 256, tokens: 1024 }

/** A measured model, and the cache as another process has it: what llama.cpp said of tensors can be put there. */
async function openWithSensitivities() {
  const [dataFolder, path] = [testFolder(), writeSmallModel(testFolder())]
  const services = testServices({ dataFolder })
  const { id, model } = await services.library.open(path)
  // Norms too: only where every tensor was read is it known whose sensitivities these are.
  await measure(services, id, FORMATS, { tensors: model.tensors.map(({ name }) => name) })
  const cache = new Cache(join(dataFolder, 'cache.sqlite'))
  onTestFinished(() => cache.close())
  const weights = weightsIdentity(model, new KnownFingerprints(cache)) ?? ''
  const store = (tensor: string, alpha: number): void => {
    const key = { weights, tensors: [tensor], format: 'Q4_K', importance: '', text: TEXT }
    const figures = { relativeError: 0.1, weightedRelativeError: null, perplexityChange: 0 }
    const replacement = { ...figures, kld: alpha * 0.01, standardError: alpha * 0.001 }
    cache.use(({ sensitivities }) =>
      sensitivities.store({ key, replacement, measuredAt: new Date().toISOString() }),
    )
  }
  return {
    services,
    store,
    request: allocationRequest(id, { formats: FORMATS, damage: { model: 'measured' } }),
  }
}

it('decide where bytes are spent, as soon as they are measured', async () => {
  const { services, store, request } = await openWithSensitivities()
  expect(await codeOf(services, 'allocation.frontier', request)).toBe('SENSITIVITIES_MISSING')
  const mostFor = (name: string): void =>
    [EMBEDDING, QUERY, 'blk.0.ffn_down.weight', 'blk.1.attn_q.weight', DOWN].forEach((other) =>
      store(other, other === name ? 1e4 : 1),
    )
  mostFor(QUERY)
  const { damage } = await callOk(services, 'allocation.frontier', request)
  expect(damage).toMatchObject({ model: 'measured', unit: 'nats', measuredTensors: 5, tensors: 5 })
  const first = formatsOf(await solved(services, request, { kind: 'bpw', bpw: 10 }))
  mostFor(DOWN)
  const second = formatsOf(await solved(services, request, { kind: 'bpw', bpw: 10 }))
  expect([first[QUERY], second[DOWN]]).toEqual(['F32', 'F32'])
  expect([first[DOWN], second[QUERY]]).not.toContain('F32')
})

it('are named as the source of a tensor`s sensitivity, with their uncertainty; the others keep their prior', async () => {
  const { services, store, request } = await openWithSensitivities()
  store(QUERY, 0.5)
  const explain = (tensor: string) =>
    callOk(services, 'allocation.explain', { allocation: request, choices: {}, tensor })
  const [measured, guessed] = [await explain(QUERY), await explain(DOWN)]
  expect(measured.sensitivitySource).toBe('measured')
  expect(measured.sensitivity).toBeCloseTo(0.5, 9)
  expect(measured.sensitivityError).toBeGreaterThan(0)
  expect(guessed).toMatchObject({ sensitivitySource: 'prior', sensitivityError: null })
})
