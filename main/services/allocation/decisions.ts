import { QuantaloupeError } from '../../engine/errors.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { AllocationRequest, TensorChoice } from '../../../preload/contract.ts'
import { tensorOf } from '../library/library.ts'
import type { OpenedModel } from '../library/library.ts'
import { isChangeable } from './tensor-groups.ts'
import { loadableFormat } from './format-pool.ts'

/** A choice that the request makes for a group. */
export interface Decision {
  readonly kind: 'pin' | 'exclusion'
  /** The tensor that is pinned or excluded. */
  readonly tensor: string
  /** Null: the stored bytes are kept. */
  readonly choice: TensorChoice | null
}

/** What a request decides before anything is searched. */
export class Decisions {
  readonly #pins: AllocationRequest['pins']
  readonly #excluded: ReadonlySet<string>

  /**
   * @throws QuantaloupeError `UNKNOWN_TENSOR`, `FORMAT_UNKNOWN`, `NOT_EXPORTABLE`, `NOT_QUANTIZABLE`
   */
  constructor(opened: OpenedModel, request: AllocationRequest) {
    const { excluded, minimums, pins, target } = request
    for (const name of excluded) tensorOf(opened, name)
    for (const [name, format] of Object.entries(minimums)) {
      tensorOf(opened, name)
      loadableFormat(format, target)
    }
    for (const [name, { format }] of Object.entries(pins)) {
      const tensor = tensorOf(opened, name)
      if (format === tensor.type) continue
      loadableFormat(format, target)
      if (!isChangeable(tensor)) throw notQuantizable(tensor, format)
    }
    this.#pins = pins
    this.#excluded = new Set(excluded)
  }

  /**
   * What is decided about a group; null where the search is free. What is decided for one member holds for all.
   *
   * @throws QuantaloupeError `PINS_CONFLICT` naming two members with different choices
   */
  of(group: readonly Tensor[]): Decision | null {
    const all = group.flatMap((tensor) => this.#ofTensor(tensor))
    const [first] = all
    if (!first) return null
    const other = all.find(({ choice }) => keyOf(choice) !== keyOf(first.choice))
    if (other) throw conflict(first, other)
    return first
  }

  #ofTensor({ name, type }: Tensor): Decision[] {
    const pin = Object.hasOwn(this.#pins, name) ? this.#pins[name] : undefined
    const choice = pin === undefined || pin.format === type ? null : pin
    return [
      ...(this.#excluded.has(name) ? [{ kind: 'exclusion' as const, tensor: name, choice: null }] : []),
      ...(pin ? [{ kind: 'pin' as const, tensor: name, choice }] : []),
    ]
  }
}

const keyOf = (choice: TensorChoice | null): string => (choice ? `${choice.format} ${choice.method}` : '')

function notQuantizable({ name, type }: Tensor, format: string): QuantaloupeError {
  return new QuantaloupeError('NOT_QUANTIZABLE', `${name} can not be pinned to ${format}: it stays ${type}`, {
    place: name,
    remedy: 'Drop the pin.',
  })
}

function conflict(first: Decision, other: Decision): QuantaloupeError {
  const [one, two] = [describeDecision(first), describeDecision(other)]
  const isSame = first.tensor === other.tensor
  return new QuantaloupeError(
    'PINS_CONFLICT',
    isSame ? `${one} and also ${otherHalf(other)}` : `${one} and ${two}, but they must have the same format`,
    {
      place: isSame ? first.tensor : `${first.tensor}, ${other.tensor}`,
      expected: isSame ? 'one of the two' : 'the same format for all tensors of a group',
      remedy: 'Drop one of the two.',
    },
  )
}

function otherHalf(decision: Decision): string {
  return describeDecision(decision).slice(decision.tensor.length + ' is '.length)
}

export function describeDecision({ kind, tensor, choice }: Decision): string {
  if (kind === 'exclusion') return `${tensor} is excluded`
  return `${tensor} is pinned to ${choice?.format ?? 'its stored type'}`
}
