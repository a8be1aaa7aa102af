import { buildFrontier } from '../../engine/allocation/solver/frontier.ts'
import type { Frontier } from '../../engine/allocation/solver/frontier.ts'
import { DEFAULT_ALIGNMENT } from '../../engine/formats/gguf-header.ts'
import { padTo } from '../../engine/formats/gguf-placement.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { AllocationRequest, MissingMeasurements } from '../../../preload/contract.ts'
import { resolveTensor } from '../plans/resolve-choices.ts'
import type { WeighedTensor } from '../plans/weigh-tensors.ts'
import type { CandidatePool } from './candidate-pool.ts'
import { KEPT } from './candidates.ts'
import type { Candidate } from './candidates.ts'
import { Decisions } from './decisions.ts'
import { HeaderSizes } from './header-sizes.ts'
import { prepareGroups } from './prepared-group.ts'
import type { PreparedGroup } from './prepared-group.ts'
import { checkMeasured, missingMeasurements } from './missing-measurements.ts'

/** Which bytes are counted: those in the file, with the padding behind each tensor, or those of the tensors alone. */
export type Counted = 'paddedBytes' | 'bytes'

/** Bytes in front of the tensors. */
export interface FrontierHeaders {
  readonly ofSmallest: number
  readonly ofLargest: number
  /** Of all choices but those that copy every tensor, which are the largest there are. */
  readonly least: number
}

/** An allocation request with all that a search needs; asked again and again while a slider moves. */
export class PreparedProblem {
  readonly pool: CandidatePool
  readonly request: AllocationRequest
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
  readonly #tensors = new WeakMap<Int32Array, readonly WeighedTensor[]>()
  #headersOfEnds: FrontierHeaders | null = null
  #milliseconds = 0

  /** @throws QuantaloupeError what is wrong with the request */
  constructor(pool: CandidatePool, request: AllocationRequest) {
    const { opened, loaded, weigh } = pool.source
    const { tensors } = opened.model
    this.pool = pool
    this.request = request
    this.groups = prepareGroups(pool, request, new Decisions(opened, request))
    this.missing = missingMeasurements(this.groups)
    this.weights = opened.model.parameters
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
  tensors(choices: Int32Array): readonly WeighedTensor[] {
    const known = this.#tensors.get(choices)
    if (known) return known
    const tensors = [...this.#kept]
    this.candidates(choices).forEach(({ members }, group) => {
      const places = this.#places[group] ?? []
      members.forEach((member, index) => {
        tensors[places[index] ?? 0] = member
      })
    })
    this.#tensors.set(choices, tensors)
    return tensors
  }

  /** @throws QuantaloupeError `MEASUREMENTS_MISSING` */
  get headers(): FrontierHeaders {
    return (this.#headersOfEnds ??= this.#measureHeaders())
  }

  headerBytes(choices: Int32Array): number {
    return this.#headers.of(this.tensors(choices))
  }

  /** Of the exported file, to the byte. */
  fileBytes(choices: Int32Array): number {
    const dataBytes = this.tensors(choices).reduce((sum, { bytes }) => sum + padded(bytes), 0)
    return this.headerBytes(choices) + dataBytes
  }

  /**
   * The header is least where it lacks `general.file_type`, because tensors that never change weigh most, or
   * `general.quantization_version`, because every choice is a float.
   */
  #measureHeaders(): FrontierHeaders {
    const frontier = this.frontier('paddedBytes')
    const ofSmallest = this.headerBytes(frontier.choicesAt(0))
    const ofLargest = this.headerBytes(frontier.choicesAt(frontier.points.length - 1))
    const changed = this.headerBytes(Int32Array.from(this.groups, largestChange))
    return { ofSmallest, ofLargest, least: Math.min(ofSmallest, changed) }
  }
}

/** Of the offered candidates that change anything, the one with most bits. */
function largestChange({ offered }: PreparedGroup): number {
  const changes = offered.flatMap(({ outcome, bytes }, index) => (outcome === KEPT ? [] : [{ bytes, index }]))
  return changes.toSorted((a, b) => b.bytes - a.bytes)[0]?.index ?? 0
}

const padded = (bytes: number): number => padTo(DEFAULT_ALIGNMENT, bytes)
