import type { Plan, PlannedTensor, SensitivityGroup, StoredVerification } from '../../preload/contract.ts'

/** What llama.cpp measured, as the host sends it to the window. */
export function verificationOf(id: string, change: Partial<StoredVerification> = {}): StoredVerification {
  return {
    id,
    label: id,
    finishedAt: '2026-01-02T03:04:05.000Z',
    choices: {},
    imatrix: null,
    fileBytes: 4_331_776,
    bpw: 4.97,
    text: { name: 'text.txt', sha256: 'ab'.repeat(32) },
    perplexity: { reference: 50, candidate: 51 },
    kld: { mean: 0.002, standardError: 0.0001, median: 0.001, p99: 0.02, max: 0.1 },
    sameTopToken: 0.95,
    tokens: 896,
    scoredTokens: 441,
    context: 128,
    tokensPerSecond: 1000,
    ...change,
  }
}

export function sensitivityOf(
  tensors: readonly string[],
  change: Partial<SensitivityGroup> = {},
): SensitivityGroup {
  return {
    tensors,
    format: 'Q3_K',
    relativeError: 0.1,
    weightedRelativeError: null,
    kld: 0.01,
    perplexityChange: 0.1,
    alpha: 1,
    standardError: 0.1,
    ...change,
  }
}

export function plannedTensorOf(name: string, change: Partial<PlannedTensor> = {}): PlannedTensor {
  return {
    name,
    format: 'Q4_K',
    requested: 'Q4_K',
    method: 'reference',
    bytes: 100,
    error: 0.07,
    damage: 0.5,
    ...change,
  }
}

export function planOfTensors(tensors: readonly PlannedTensor[]): Plan {
  return {
    schema: 1,
    model: 'one',
    target: 'llama.cpp',
    damageModel: 'priors',
    fileBytes: tensors.reduce((sum, one) => sum + one.bytes, 0),
    bpw: 4.5,
    predictedDamage: 1,
    lowerBound: null,
    gap: null,
    tensors,
  }
}
