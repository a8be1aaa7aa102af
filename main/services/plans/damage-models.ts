import { describeDamage } from '../../engine/allocation/damage/describe-damage.ts'
import { tensorSensitivities } from '../../engine/allocation/damage/sensitivities.ts'
import { checkSensitivities, parseSensitivities } from '../../engine/allocation/damage/sensitivity-file.ts'
import type { SensitivityGroup, TensorSensitivity } from '../../engine/allocation/damage/damage-model.ts'
import { QuantaloupeError } from '../../engine/errors.ts'
import type { DamageDescription, DamageModel, DamageSettings } from '../../../preload/contract.ts'
import { fileStamp } from '../files/file-stamp.ts'
import { readTextFile } from '../files/read-text-file.ts'
import type { Core } from '../core.ts'
import type { Lazy } from '../lazy.ts'
import { tensorOf } from '../library/library.ts'
import type { OpenedModel } from '../library/library.ts'
import type { ServedPaths } from '../library/paths.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import { knownSensitivities } from '../sensitivity/known-sensitivities.ts'

/** What is assumed where nobody names a damage model: never a plain sum of errors, which starves what matters. */
const DEFAULT_DAMAGE: DamageSettings = { model: 'priors' }

/** A file of sensitivities for a million tensors has less. */
const MAX_BYTES = 256 * 2 ** 20

/** What errors of a model's tensors cost, under one damage model. */
export interface Weighing {
  readonly model: DamageModel
  readonly sensitivities: ReadonlyMap<string, TensorSensitivity>
  readonly description: DamageDescription
}

interface Measured {
  readonly groups: readonly SensitivityGroup[]
  readonly source: 'measured' | 'file'
  /** Measured tensors that the model does not quantize. */
  readonly strangers: number
}

/** Finds the sensitivities that a request's damage settings mean. */
export class DamageModels {
  readonly #served: ServedPaths
  readonly #core: Lazy<Core>

  constructor(served: ServedPaths, core: Lazy<Core>) {
    this.#served = served
    this.#core = core
  }

  /**
   * Changes whenever the same settings may mean other sensitivities.
   *
   * @throws QuantaloupeError `FILE_NOT_FOUND`, `OUTSIDE_ROOTS`
   */
  async version({ model, sensitivities: path }: DamageSettings): Promise<string> {
    if (model !== 'measured') return ''
    if (path !== undefined) return fileStamp(this.#served.existing(path))
    const { cache } = await this.#core.get()
    return String(cache.use(({ sensitivities }) => sensitivities.version))
  }

  /**
   * @throws QuantaloupeError `SENSITIVITIES_MISSING`, `BAD_SENSITIVITIES`, `BAD_MULTIPLIER`, `UNKNOWN_TENSOR`,
   *   `FILE_NOT_FOUND`, `OUTSIDE_ROOTS`
   */
  async weigh(
    opened: OpenedModel,
    statistics: ActivationStatistics,
    settings: DamageSettings = DEFAULT_DAMAGE,
  ): Promise<Weighing> {
    const multipliers = checkedMultipliers(opened, settings)
    const measured = settings.model === 'measured' ? await this.#measured(opened, statistics, settings) : null
    const sensitivities = tensorSensitivities(opened.model, {
      damageModel: settings.model,
      measured: measured?.groups ?? null,
      measuredSource: measured?.source ?? 'measured',
      multipliers,
      hasImportance: (name) => statistics.importance.has(name),
    })
    const multiplied = Object.values(multipliers).filter((factor) => factor !== 1).length
    const description = describeDamage(settings.model, sensitivities, {
      multiplied,
      strangers: measured?.strangers ?? 0,
    })
    return { model: settings.model, sensitivities, description }
  }

  async #measured(
    opened: OpenedModel,
    statistics: ActivationStatistics,
    { sensitivities: path }: DamageSettings,
  ): Promise<Measured> {
    if (path !== undefined) return fromFile(opened, this.#served.existing(path))
    const known = knownSensitivities(await this.#core.get(), opened.model, statistics)
    if (known && known.groups.length > 0) return { groups: known.groups, source: 'measured', strangers: 0 }
    throw new QuantaloupeError('SENSITIVITIES_MISSING', 'No sensitivity of this model has been measured', {
      place: opened.model.name,
      expected: 'measured sensitivities, or a file of them',
      remedy: 'Measure the sensitivities first, name a file of them, or predict damage by role priors.',
    })
  }
}

function fromFile(opened: OpenedModel, path: string): Measured {
  const parsed = parseSensitivities(
    readTextFile(path, MAX_BYTES, () => tooLarge(path)),
    path,
  )
  const strangers = checkSensitivities(parsed, opened.model, path).length
  return { groups: parsed.groups, source: 'file', strangers }
}

function tooLarge(path: string): QuantaloupeError {
  return new QuantaloupeError('BAD_SENSITIVITIES', 'This file holds no sensitivities', {
    place: path,
    expected: `a file of at most ${MAX_BYTES} bytes`,
  })
}

function checkedMultipliers(
  opened: OpenedModel,
  { multipliers = {} }: DamageSettings,
): Readonly<Record<string, number>> {
  for (const [name, factor] of Object.entries(multipliers)) {
    tensorOf(opened, name)
    if (Number.isFinite(factor) && factor >= 0) continue
    throw new QuantaloupeError('BAD_MULTIPLIER', `The damage of ${name} can not be multiplied by ${factor}`, {
      place: name,
      expected: 'a number that is not negative',
    })
  }
  return multipliers
}
