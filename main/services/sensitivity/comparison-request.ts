import type { ComparisonRequest } from '../../llama/index.ts'
import { QuantaloupeError } from '../../engine/errors.ts'
import type { Model } from '../../engine/formats/model.ts'
import type { SensitivityRequest } from '../../../preload/contract.ts'
import { llamaPath } from '../llama/llama-path.ts'

type Length = Pick<SensitivityRequest, 'context' | 'tokens'>

/**
 * How llama.cpp is asked about replacements: whole chunks of at most the tokens asked for, every position scored.
 *
 * Positions early in a chunk see little text, which matters for a perplexity and hardly for the difference that a group
 * makes; scoring them too gives twice the positions in the same time.
 *
 * @throws QuantaloupeError `CONVERSION_NEEDED`, `TOO_FEW_TOKENS`
 */
export function comparisonRequest(
  model: Model,
  length: Length,
  rest: Pick<ComparisonRequest, 'text' | 'threads' | 'recordFolder'>,
): ComparisonRequest {
  return {
    ...rest,
    referencePath: llamaPath(model),
    context: length.context,
    chunks: chunkLimit(length),
    scored: 'all',
  }
}

/** @throws QuantaloupeError `TOO_FEW_TOKENS` */
export function chunkLimit({ context, tokens }: Length): number {
  if (tokens >= context) return Math.floor(tokens / context)
  throw new QuantaloupeError('TOO_FEW_TOKENS', `${tokens} tokens fill no chunk`, {
    expected: `at least ${context} tokens, one context`,
    remedy: 'Allow more tokens or choose a smaller context.',
  })
}
