import type { Plan } from '../../preload/contract.ts'

/**
 * The text that `llama-quantize --tensor-type-file` takes: one `pattern=type` a line, no comments.
 *
 * llama-quantize lower-cases the pattern and searches it in the tensor's name as a regular expression, so names are
 * escaped and anchored.
 */
export function toRecipe(plan: Plan): string {
  return plan.tensors
    .filter(({ method }) => method !== null)
    .map(
      ({ name, format }) => `^${name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$=${format.toLowerCase()}\n`,
    )
    .join('')
}
