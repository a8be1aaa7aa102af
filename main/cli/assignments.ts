import { QuantaloupeError } from '../engine/errors.ts'
import type { Model } from '../engine/formats/model.ts'
import { matchTensors } from './tensor-globs.ts'

type Named = Pick<Model, 'tensors' | 'path'>

/**
 * What `GLOB=VALUE` options say of each tensor; later ones are stronger.
 *
 * @param option as the user wrote it, for complaints: `--pin`
 * @throws QuantaloupeError `BAD_ARGUMENT`, `NO_MATCH`
 */
export function assignments(
  model: Named,
  option: string,
  texts: readonly string[],
): Readonly<Record<string, string>> {
  const pairs = texts.flatMap((text) => {
    const { glob, value } = split(option, text)
    return matchTensors(model, [glob]).map((name) => [name, value] as const)
  })
  return Object.fromEntries(pairs)
}

/** Factors for `--multiplier`. @throws QuantaloupeError `BAD_ARGUMENT`, `NO_MATCH` */
export function factors(
  model: Named,
  option: string,
  texts: readonly string[],
): Readonly<Record<string, number>> {
  const entries = Object.entries(assignments(model, option, texts))
  return Object.fromEntries(entries.map(([name, value]) => [name, factor(option, value)]))
}

function split(option: string, text: string): { readonly glob: string; readonly value: string } {
  const at = text.lastIndexOf('=')
  const [glob, value] = [text.slice(0, at), text.slice(at + 1)]
  if (at >= 1 && value !== '') return { glob, value }
  const example = option === '--multiplier' ? '2.5' : 'Q6_K'
  throw new QuantaloupeError('BAD_ARGUMENT', `${option} ${text} is incomplete`, {
    expected: `a name or glob, = and a value, such as blk.*.attn_v.weight=${example}`,
  })
}

function factor(option: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new QuantaloupeError('BAD_ARGUMENT', `${option} has the factor ${text}`, {
    expected: 'a number of at least 0',
  })
}
