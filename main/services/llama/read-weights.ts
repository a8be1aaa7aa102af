import type { Model } from '../../engine/formats/model.ts'
import { FingerprintReader } from '../analysis/fingerprint-reader.ts'
import type { JobContext } from '../jobs/job.ts'
import { forEachConcurrently } from '../jobs/limiter.ts'
import type { KnownFingerprints } from '../measurements/known-fingerprints.ts'
import { tensorSource } from '../measurements/tensor-source.ts'
import { weightsIdentity } from '../measurements/weights-identity.ts'

/**
 * The identity of a model's weights; tensors that were never read are read now.
 *
 * @throws QuantaloupeError `FILE_CHANGED`, `CANCELLED`
 */
export async function readWeights(
  context: JobContext,
  model: Model,
  fingerprints: KnownFingerprints,
): Promise<string> {
  const reader = new FingerprintReader(fingerprints)
  await forEachConcurrently(model.tensors, context.threads * 2, async (tensor) => {
    await reader.read(context, tensorSource(model, tensor))
  })
  const weights = weightsIdentity(model, fingerprints)
  if (weights === null) throw new Error(`A tensor of ${model.path} has no fingerprint`)
  return weights
}
