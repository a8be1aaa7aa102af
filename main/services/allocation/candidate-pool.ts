import { isRefusedWithoutImatrix } from '../../engine/allocation/recipe/quantize-command.ts'
import type { Format } from '../../engine/quantizers/format.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { AllocationRequest, TensorChoice } from '../../../preload/contract.ts'
import type { OpenedModel } from '../library/library.ts'
import type { LoadedStatistics } from '../measurements/statistics-files.ts'
import type { Weighing } from '../plans/damage-models.ts'
import type { WeighTensor } from '../plans/weigh-tensors.ts'
import { chosenCandidate, keptCandidate, poolCandidates } from './candidates.ts'
import type { Candidate } from './candidates.ts'
import { formatPool, loads } from './format-pool.ts'
import type { FormatPool } from './format-pool.ts'

/** What decides about the candidates of a group, whatever is pinned. */
export interface PoolSource {
  readonly opened: OpenedModel
  readonly target: AllocationRequest['target']
  readonly formats?: readonly string[] | undefined
  readonly methods: AllocationRequest['methods']
  readonly loaded: LoadedStatistics
  readonly weighing: Weighing
  readonly weigh: WeighTensor
}

export interface GroupCandidates {
  readonly kept: Candidate
  /** Of the pool, and `kept` where the target loads what is stored. */
  readonly all: readonly Candidate[]
}

/** The candidates of groups, made once: pins and limits come and go much more often than pools. */
export class CandidatePool {
  readonly source: PoolSource
  readonly #pool: FormatPool
  readonly #known = new Map<string, GroupCandidates>()

  /** @throws QuantaloupeError `FORMAT_UNKNOWN`, `NOT_EXPORTABLE`, `METHOD_UNSUPPORTED` */
  constructor(source: PoolSource) {
    this.source = source
    this.#pool = formatPool(source.opened.model, source)
  }

  /** From fewest to most bits per weight. */
  get formats(): readonly Format[] {
    return this.#pool.formats
  }

  of(group: readonly Tensor[]): GroupCandidates {
    const names = group.map(({ name }) => name).join('\n')
    const known = this.#known.get(names) ?? this.#make(group)
    this.#known.set(names, known)
    return known
  }

  /** Of a format that may lie outside the pool. @throws QuantaloupeError as `resolveTensor` */
  chosen(group: readonly Tensor[], choice: TensorChoice): Candidate {
    return chosenCandidate(group, choice, this.source.weigh)
  }

  #make(group: readonly Tensor[]): GroupCandidates {
    const { weigh, loaded, target } = this.source
    const kept = keptCandidate(group, weigh)
    const candidates = poolCandidates(group, this.#choicesFor(group), weigh, loaded.statistics)
    const isLoaded = group.every(({ type }) => loads(target, type))
    return { kept, all: isLoaded ? [...candidates, kept] : candidates }
  }

  /** Without importance the usual pool has no formats that llama-quantize refuses then; who names them gets them. */
  #choicesFor(group: readonly Tensor[]): readonly TensorChoice[] {
    const { formats, loaded } = this.source
    if (formats) return this.#pool.choices
    const blind = group.filter(({ name }) => !loaded.statistics.importance.has(name))
    return this.#pool.choices.filter(
      ({ format }) => !blind.some(({ name }) => isRefusedWithoutImatrix(name, format)),
    )
  }
}
