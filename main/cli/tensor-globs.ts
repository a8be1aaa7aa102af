import picomatch from 'picomatch'
import { QuantaloupeError } from '../engine/errors.ts'
import type { Model } from '../engine/formats/model.ts'

/**
 * Names of the quantizable tensors that match any of the globs, in the model's order.
 *
 * @throws QuantaloupeError `NO_MATCH` for a glob that matches nothing: a misspelt one must not pass for an empty choice
 */
export function matchTensors(
  model: Pick<Model, 'tensors' | 'path'>,
  globs: readonly string[],
): readonly string[] {
  const names = model.tensors.filter((tensor) => tensor.quantizable).map((tensor) => tensor.name)
  const chosen = new Set(globs.flatMap((glob) => matchOne(glob, names, model.path)))
  return names.filter((name) => chosen.has(name))
}

function matchOne(glob: string, names: readonly string[], path: string): readonly string[] {
  const matches = picomatch(glob)
  const found = names.filter((name) => matches(name))
  if (found.length > 0) return found
  throw new QuantaloupeError('NO_MATCH', `No tensor that can be quantized matches ${glob}`, {
    place: path,
    expected: 'a name such as blk.0.ffn_down.weight, or a glob such as blk.*.ffn_*.weight',
    remedy: 'List the names with `inspect`.',
  })
}
