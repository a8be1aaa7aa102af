import { join } from 'node:path'
import { onTestFinished, expect, it } from 'vitest'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { Cache } from '../../../main/services/cache/cache.ts'
import type { SensitivityText } from '../../../main/services/cache/sensitivities.ts'
import { NO_STATISTICS } from '../../../main/services/measurements/activation-statistics.ts'
import type { ActivationStatistics } from '../../../main/services/measurements/activation-statistics.ts'
import { KnownFingerprints } from '../../../main/services/measurements/known-fingerprints.ts'
import { tensorSource } from '../../../main/services/measurements/tensor-source.ts'
import { weightsIdentity } from '../../../main/services/measurements/weights-identity.ts'
import { groupImportance } from '../../../main/services/sensitivity/group-importance.ts'
import { knownSensitivities } from '../../../main/services/sensitivity/known-sensitivities.ts'
import { tinyLlama } from '../../support/llama-services.ts'
import { testFolder } from '../../support/services.ts'

const [Q, K, V] = ['blk.0.attn_q.weight', 'blk.0.attn_k.weight', 'blk.0.attn_v.weight'] as const

/** A cache that knows the weights of a tiny model, and a way to put measured replacements into it. */
function openCache() {
  const cache = new Cache(join(testFolder(), 'cache.sqlite'))
  onTestFinished(() => cache.close())
  const model = openModel(tinyLlama())
  const fingerprints = new KnownFingerprints(cache)
  expect(weightsIdentity(model, fingerprints)).toBeNull()
  for (const tensor of model.tensors) fingerprints.store(tensorSource(model, tensor), `of ${tensor.name}`)
  const weights = weightsIdentity(model, fingerprints)!
  let count = 0
  const store = (
    tensors: readonly string[],
    text: Partial<SensitivityText> = {},
    { format = 'Q4_0', importance = '', kld = 0.01 } = {},
  ): void => {
    const measuredOn = { name: 'a.txt', sha256: 'a', context: 32, tokens: 320, ...text }
    count += 1
    const measuredAt = new Date(1e12 + count * 1000).toISOString()
    const replacement = { relativeError: 0.1, weightedRelativeError: null, kld, standardError: 1e-6, perplexityChange: 0 } // prettier-ignore
    const key = { weights, tensors, format, importance, text: measuredOn }
    cache.use(({ sensitivities }) => sensitivities.store({ key, replacement, measuredAt }))
  }
  const known = (statistics: ActivationStatistics = NO_STATISTICS) =>
    knownSensitivities({ cache, fingerprints }, model, statistics)
  return { model, store, known }
}

it('are null where nothing was measured', () => {
  expect(openCache().known()).toBeNull()
})

it('are those of the text that covers most tensors', () => {
  const { store, known, model } = openCache()
  store([Q], { sha256: 'b', tokens: 9999 })
  store([V])
  store([Q])
  expect(known()).toMatchObject({ schema: 1, model: model.name, tokens: 320, context: 32 })
  // In the model's order.
  expect(known()?.groups.map(({ tensors }) => tensors)).toEqual([[Q], [V]])
})

it('are those with more tokens where as many tensors are covered, and then the newest', () => {
  const { store, known } = openCache()
  store([Q], { sha256: 'b', tokens: 640 })
  store([Q], { sha256: 'c' })
  expect(known()?.tokens).toBe(640)
  store([K], { sha256: 'd', context: 64, tokens: 640 })
  expect(known()).toMatchObject({ tokens: 640, context: 64 })
})

it('are never mixed from two texts or two lengths', () => {
  const { store, known } = openCache()
  store([Q])
  store([K], { tokens: 640 })
  store([V], { context: 64 })
  expect(known()?.groups).toHaveLength(1)
})

it('hold overlapping groups, and one alpha for all formats of a group', () => {
  const { store, known } = openCache()
  store([Q, K], {}, { kld: 0.02 })
  store([Q], {}, { kld: 0.01 })
  store([Q], {}, { kld: 0.03, format: 'Q8_0' })
  const alphas = known()?.groups.map(({ tensors, format, alpha }) => [
    tensors.length,
    format,
    alpha.toFixed(6),
  ])
  const [pair, one, other] = alphas!.toSorted((a, b) => Number(b[0]) - Number(a[0]))
  expect(pair).toEqual([2, 'Q4_0', '2.000000'])
  expect(one?.[2]).toBe(other?.[2])
  expect(Number(one?.[2])).toBeGreaterThan(1)
  expect(Number(one?.[2])).toBeLessThan(3)
})

it('count only with the same importance of the tensors of the group', () => {
  const { store, known } = openCache()
  const shared = { values: new SharedArrayBuffer(4) }
  const statistics = { ...NO_STATISTICS, importance: new Map([[Q, { shared, fingerprint: 'f' }]]) }
  store([Q], {}, { importance: groupImportance([Q], statistics) })
  store([K])
  expect(known()?.groups.map(({ tensors }) => tensors)).toEqual([[K]])
  expect(known(statistics)?.groups.map(({ tensors }) => tensors)).toEqual([[Q], [K]])
})
