import { exponential } from './exponential.ts'

/** What one position says of two models. */
export interface PositionComparison {
  /** KL(reference || candidate) in nats. */
  divergence: number
  /** Negative log-likelihood of the token that follows, in nats. */
  referenceLoss: number
  candidateLoss: number
  /** Both have the same most likely token, the first of equals. */
  sameTop: boolean
}

/**
 * Compares two distributions over the whole vocabulary, given as logits; sums in double precision.
 *
 * With p and q the two softmaxes and r, c the logits less their largest,
 * KL(p || q) = sum p (r - c) - log sum e^r + log sum e^c. Rounding that leaves it below zero is cut off.
 *
 * @param result written in place; a model whose logits are no numbers has a loss that is NaN
 */
export function comparePosition(
  reference: Float32Array,
  candidate: Float32Array,
  next: number,
  result: PositionComparison,
): void {
  const referenceTop = indexOfLargest(reference)
  const candidateTop = indexOfLargest(candidate)
  const referenceLargest = reference[referenceTop] as number
  const candidateLargest = candidate[candidateTop] as number
  let referenceSum = 0
  let candidateSum = 0
  let weighted = 0
  for (let index = 0; index < reference.length; index++) {
    const r = (reference[index] as number) - referenceLargest
    const c = (candidate[index] as number) - candidateLargest
    const weight = exponential(r)
    referenceSum += weight
    candidateSum += exponential(c)
    // A token that is ruled out has a logit of minus infinity, and 0 times that is no number.
    if (weight !== 0) weighted += weight * (r - c)
  }
  const [referenceLog, candidateLog] = [Math.log(referenceSum), Math.log(candidateSum)]
  result.divergence = Math.max(0, weighted / referenceSum - referenceLog + candidateLog)
  result.referenceLoss = referenceLargest + referenceLog - (reference[next] as number)
  result.candidateLoss = candidateLargest + candidateLog - (candidate[next] as number)
  result.sameTop = referenceTop === candidateTop
}

/** Negative log-likelihood of a token in nats; NaN when the logits are no numbers. */
export function lossOf(logits: Float32Array, token: number): number {
  const largest = logits[indexOfLargest(logits)] as number
  let sum = 0
  for (let index = 0; index < logits.length; index++) sum += exponential((logits[index] as number) - largest)
  return largest + Math.log(sum) - (logits[token] as number)
}

/** The first of equals. */
export function indexOfLargest(values: Float32Array): number {
  let largest = values[0] as number
  let found = 0
  for (let index = 1; index < values.length; index++) {
    const value = values[index] as number
    if (value > largest) {
      largest = value
      found = index
    }
  }
  return found
}
