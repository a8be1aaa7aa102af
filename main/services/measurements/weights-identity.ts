import { createHash } from 'node:crypto'
import type { Model } from '../../engine/formats/model.ts'
import type { KnownFingerprints } from './known-fingerprints.ts'
import { tensorSource } from './tensor-source.ts'

/**
 * What stands for the weights of a whole model: SHA-256 over the names and fingerprints of its tensors.
 *
 * The order of the tensors and the metadata have no say, so that copies, shards and renamed files are the same weights.
 *
 * @returns null while a tensor was never read
 */
export function weightsIdentity(model: Model, fingerprints: KnownFingerprints): string | null {
  const entries: (readonly [name: string, fingerprint: string])[] = []
  for (const tensor of model.tensors) {
    const fingerprint = fingerprints.find(tensorSource(model, tensor))
    if (fingerprint === null) return null
    entries.push([tensor.name, fingerprint])
  }
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex')
}
