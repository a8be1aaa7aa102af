import { QuantaloupeError } from '../../errors.ts'
import type { Model } from '../../formats/model.ts'
import type { Sensitivities, SensitivityGroup } from './damage-model.ts'

/**
 * Reads what `sensitivity -o` wrote.
 *
 * @param place the file, for errors
 * @throws QuantaloupeError `BAD_SENSITIVITIES` with the place in the document
 */
export function parseSensitivities(text: string, place: string): Sensitivities {
  const document = new Place(place, '', parseJson(text, place))
  if (document.field('schema').number() !== 1) throw document.field('schema').bad('1')
  return {
    schema: 1,
    model: document.field('model').string(),
    tokens: document.field('tokens').notNegative(),
    context: document.field('context').notNegative(),
    groups: document.field('groups').items().map(parseGroup),
  }
}

/**
 * What of the sensitivities does not fit a model.
 *
 * @returns names of tensors that the model does not have or that are never quantized
 * @throws QuantaloupeError `BAD_SENSITIVITIES` when nothing fits
 */
export function checkSensitivities(
  sensitivities: Sensitivities,
  model: Pick<Model, 'name' | 'tensors'>,
  place: string,
): readonly string[] {
  const quantizable = new Set(model.tensors.filter((tensor) => tensor.quantizable).map(({ name }) => name))
  const names = [...new Set(sensitivities.groups.flatMap(({ tensors }) => tensors))]
  const strange = names.filter((name) => !quantizable.has(name))
  if (names.length > 0 && strange.length === names.length) {
    throw new QuantaloupeError(
      'BAD_SENSITIVITIES',
      `These sensitivities were measured on another model (${sensitivities.model})`,
      { place, expected: `tensors of ${model.name}`, remedy: 'Measure the sensitivities of this model.' },
    )
  }
  return strange
}

function parseGroup(group: Place): SensitivityGroup {
  const tensors = group
    .field('tensors')
    .items()
    .map((item) => item.string())
  if (tensors.length === 0) throw group.field('tensors').bad('at least one tensor')
  const weighted = group.field('weightedRelativeError')
  return {
    tensors,
    format: group.field('format').string(),
    relativeError: group.field('relativeError').notNegative(),
    weightedRelativeError: weighted.isNull ? null : weighted.notNegative(),
    kld: group.field('kld').number(),
    perplexityChange: group.field('perplexityChange').number(),
    alpha: group.field('alpha').notNegative(),
    standardError: group.field('standardError').notNegative(),
  }
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badSensitivities(`${place}: ${cause instanceof Error ? cause.message : 'damaged'}`, 'JSON')
  }
}

function badSensitivities(place: string, expected: string): QuantaloupeError {
  return new QuantaloupeError('BAD_SENSITIVITIES', 'This file holds no sensitivities', {
    place,
    expected,
    remedy: 'Write the file with `quantaloupe sensitivity -o`.',
  })
}

/** A value somewhere in the document. */
class Place {
  readonly #file: string
  readonly #path: string
  readonly #value: unknown

  constructor(file: string, path: string, value: unknown) {
    this.#file = file
    this.#path = path
    this.#value = value
  }

  get isNull(): boolean {
    return this.#value === null
  }

  bad(expected: string): QuantaloupeError {
    return badSensitivities(this.#path === '' ? this.#file : `${this.#file}: ${this.#path}`, expected)
  }

  field(name: string): Place {
    if (typeof this.#value !== 'object' || this.#value === null || Array.isArray(this.#value)) {
      throw this.bad('an object')
    }
    const path = this.#path === '' ? name : `${this.#path}.${name}`
    return new Place(this.#file, path, (this.#value as Record<string, unknown>)[name])
  }

  items(): readonly Place[] {
    if (!Array.isArray(this.#value)) throw this.bad('a list')
    return this.#value.map((item: unknown, index) => new Place(this.#file, `${this.#path}[${index}]`, item))
  }

  string(): string {
    if (typeof this.#value !== 'string') throw this.bad('a text')
    return this.#value
  }

  number(): number {
    if (typeof this.#value !== 'number' || !Number.isFinite(this.#value)) throw this.bad('a number')
    return this.#value
  }

  notNegative(): number {
    const value = this.number()
    if (value < 0) throw this.bad('a number that is not negative')
    return value
  }
}
