import type { Histogram } from '../../engine/metrics/histogram.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { Model } from '../../engine/formats/model.ts'
import { createControl } from '../../workers/control.ts'
import type { Core } from '../core.ts'
import { tensorSource } from './tensor-source.ts'

const BINS = 256

/** A larger tensor is sampled, so that its picture is there in a moment. */
const WEIGHTS_READ = 2 ** 24

/** The distribution of a tensor's weights, from the cache where its fingerprint is known. */
export async function tensorHistogram(
  core: Core,
  model: Model,
  tensor: Tensor,
  useNative: boolean,
): Promise<Histogram> {
  const source = tensorSource(model, tensor)
  const fingerprint = core.fingerprints.find(source)
  const known = fingerprint && core.cache.use(({ histograms }) => histograms.find(fingerprint, BINS))
  if (known) return known
  const sample = Math.min(1, WEIGHTS_READ / Math.max(1, weightCount(tensor)))
  const task = { kind: 'histogram', source, bins: BINS, sample, useNative, control: createControl() } as const
  const histogram = await core.lane.run<'histogram'>(task)
  if (fingerprint) core.cache.use(({ histograms }) => histograms.store(fingerprint, BINS, histogram))
  return histogram
}
