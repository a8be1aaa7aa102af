import { buildFrontier } from '../../engine/allocation/solver/frontier.ts'
import type { Frontier } from '../../engine/allocation/solver/frontier.ts'
import { DEFAULT_ALIGNMENT } from '../../engine/formats/gguf-header.ts'
import { padTo } from '../../engine/formats/gguf-placement.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { AllocationRequest, MissingMeasurements } from '../../../preload/contract.ts'
import type { OpenedModel } from '../library/library.ts'
import type { LoadedStatistics } from '../measurements/statistics-files.ts'
import type { Weighing } from '../plans/damage-models.ts'
import { resolveTensor } from '../plans/resolve-choices.ts'
import type { WeighTensor, WeighedTensor } from '../plans/weigh-tensors.ts'
import type { Candidate } from './candidates.ts'
import { checkDecisions } from './decisions.ts'
import { formatPool } from './format-pool.ts'
import type { FormatPool } from './format-pool.ts'
import { HeaderSizes } from './header-sizes.ts'
import { prepareGroups } from './prepared-group.ts'
import type { PreparedGroup } from './prepared-group.ts'
import { checkMeasured, missingMeasurements } from './missing-measurements.ts'

export interface ProblemSource {
  readonly opened: OpenedModel
  readonly request: AllocationRequest
  readonly loaded: LoadedStatistics
  readonly weighing: Weighing
  readonly weigh: WeighTensor
}

/** Which bytes are counted: those in the file, with the padding behind each tensor, or those of the tensors alone. */
export type Counted = 'paddedBytes' | 'bytes'

/** An allocation request with all that a search needs; asked again and again while a slider moves. */
export class PreparedProblem {
  readonly source: ProblemSource
  readonly pool: FormatPool
  readonly groups: readonly PreparedGroup[]
  readonly missing: readonly MissingMeasurements[]
  readonly weights: number
  /** Measured figures that the search uses, and those of them that come from a sample of rows. */
  readonly figures: number
  readonly sampledFigures: number
  /** Some tensor's bytes are followed by padding. */
  readonly isPadded: boolean
  readonly #fixed: readonly Tensor[]
  readonly #headers: HeaderSizes
  readonly #kept: readonly WeighedTensor[]
  readonly #places: readonly (readonly number[])[]
  readonly #frontiers = new Map<Counted, Frontier>()
  #milliseconds = 0

  /** @throws QuantaloupeError what is wrong with the request */
  constructor(source: ProblemSource) {
    const { opened, request, loaded, weigh } = source
    const { tensors } = opened.model
    this.source = source
    checkDecisions(opened, request)
    this.pool = formatPool(opened.model, request)
    this.groups = prepareGroups(source, this.pool)
    this.missing = missingMeasurements(this.groups)
    this.weights = tensors.reduce((sum, tensor) => sum + weightCount(tensor), 0)
    this.#headers = new HeaderSizes(opened.model, loaded.origin)
    this.#kept = tensors.map((tensor) => weigh(resolveTensor(tensor, undefined)))
    const grouped = new Set(this.groups.flatMap((group) => group.tensors))
    this.#fixed = tensors.filter((tensor) => !grouped.has(tensor))
    this.isPadded = this.groups.some(({ offered }) =>
      offered.some(({ bytes, paddedBytes }) => bytes !== paddedBytes),
    )
    const measured = this.groups.flatMap(({ offered }) =>
      offered.flatMap(({ members }) => members.filter(({ change }) => change !== null)),
    )
    this.figures = measured.length
    this.sampledFigures = measured.filter(({ isSampled }) => isSampled).length
    const places = new Map(tensors.map(({ name }, index) => [name, index]))
    this.#places = this.groups.map((group) => group.tensors.map(({ name }) => places.get(name) ?? 0))
  }

  /**
   * Of the offered candidates of every group.
   *
   * @throws QuantaloupeError `MEASUREMENTS_MISSING`
   */
  frontier(counted: Counted): Frontier {
    const known = this.#frontiers.get(counted)
    if (known) return known
    checkMeasured(this.groups)
    const started = performance.now()
    const frontier = buildFrontier(
      this.groups.map(({ offered }) =>
        offered.map((candidate) => ({ bytes: candidate[counted], damage: candidate.damage })),
      ),
    )
    this.#milliseconds = performance.now() - started
    this.#frontiers.set(counted, frontier)
    // Mostly there is no padding, and one frontier is both.
    if (!this.isPadded) this.#frontiers.set(counted === 'bytes' ? 'paddedBytes' : 'bytes', frontier)
    return frontier
  }

  /** Nothing can be searched before more is measured. */
  get isBlocked(): boolean {
    return this.groups.some((group) => group.isBlocked)
  }

  /** Time for the last frontier that was made. */
  get milliseconds(): number {
    return this.#milliseconds
  }

  /** Bytes of the tensors that no choice changes. */
  fixedBytes(counted: Counted): number {
    return this.#fixed.reduce((sum, { bytes }) => sum + (counted === 'bytes' ? bytes : padded(bytes)), 0)
  }

  candidates(choices: Int32Array): Candidate[] {
    return this.groups.map(({ offered }, group) => {
      const candidate = offered[choices[group] ?? 0]
      if (!candidate) throw new Error(`Group ${group} has no option ${choices[group]}`)
      return candidate
    })
  }

  /** What becomes of every tensor of the model, in its order. */
  tensors(choices: Int32Array): WeighedTensor[] {
    const tensors = [...this.#kept]
    this.candidates(choices).forEach(({ members }, group) => {
      members.forEach((member, index) => {
        tensors[this.#places[group]?.[index] ?? 0] = member
      })
    })
    return tensors
  }

  headerBytes(choices: Int32Array): number {
    return this.#headers.of(this.tensors(choices))
  }

  /** Of the exported file, to the byte. */
  fileBytes(choices: Int32Array): number {
    const own = this.candidates(choices).reduce((sum, { paddedBytes }) => sum + paddedBytes, 0)
    return this.headerBytes(choices) + this.fixedBytes('paddedBytes') + own
  }
}

const padded = (bytes: number): number => padTo(DEFAULT_ALIGNMENT, bytes)
