import picomatch from 'picomatch'
import { QuantaloupeError } from '../engine/errors.ts'
import type { Method, Plan, PlanChoices } from '../../preload/contract.ts'

/** What a plan decides; tensors that keep their stored bytes are not named. */
export function choicesOf(plan: Plan): PlanChoices {
  return Object.fromEntries(
    plan.tensors.flatMap(({ name, requested, method }) =>
      method === null ? [] : [[name, { format: requested, method }]],
    ),
  )
}

/**
 * Applies `GLOB=FORMAT` pins, later ones over earlier ones.
 *
 * @throws QuantaloupeError `BAD_PIN`, `NO_MATCH`
 */
export function pin(choices: PlanChoices, pins: readonly string[], method: Method): PlanChoices {
  return pins.reduce((current, text) => pinOne(current, text, method), choices)
}

function pinOne(choices: PlanChoices, text: string, method: Method): PlanChoices {
  const split = text.lastIndexOf('=')
  const [glob, format] = [text.slice(0, split), text.slice(split + 1)]
  if (split < 1 || format === '') {
    throw new QuantaloupeError('BAD_PIN', `The pin ${text} is incomplete`, {
      expected: 'GLOB=FORMAT, such as blk.*.attn_v.weight=Q6_K',
    })
  }
  const matches = picomatch(glob)
  const names = Object.keys(choices).filter((name) => matches(name))
  if (names.length === 0) {
    throw new QuantaloupeError('NO_MATCH', `The pin ${text} matches no tensor that the plan quantizes`, {
      remedy: 'List the names with `inspect`.',
    })
  }
  return { ...choices, ...Object.fromEntries(names.map((name) => [name, { format, method }])) }
}
