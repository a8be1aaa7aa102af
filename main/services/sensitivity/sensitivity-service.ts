import type {
  Job,
  JobId,
  RequestOf,
  Sensitivities,
  SensitivityEstimate,
  SensitivityRequest,
} from '../../../preload/contract.ts'
import type { UnfinishedJob } from '../cache/unfinished-jobs.ts'
import type { Core } from '../core.ts'
import { writeAtomically } from '../files/write-atomically.ts'
import type { Library } from '../library/library.ts'
import type { ServedPaths } from '../library/paths.ts'
import type { Lazy } from '../lazy.ts'
import { readText } from '../llama/read-text.ts'
import type { Text } from '../llama/read-text.ts'
import type { StatisticsFiles } from '../measurements/statistics-files.ts'
import type { ServiceOptions } from '../options.ts'
import { knownSensitivities } from './known-sensitivities.ts'
import { estimateSensitivity } from './sensitivity-estimate.ts'
import { SensitivityWork } from './sensitivity-work.ts'

export interface SensitivityServiceParts {
  readonly core: Lazy<Core>
  readonly library: Library
  readonly statistics: StatisticsFiles
  readonly served: ServedPaths
  readonly options: Pick<ServiceOptions, 'dataFolder' | 'llamaUrl' | 'threads' | 'useNative'>
}

/** Measures in llama.cpp what errors in each part of a model cost. */
export class SensitivityService {
  readonly #parts: SensitivityServiceParts
  readonly #works = new Map<JobId, SensitivityWork>()
  /** Aborted when the host ends: estimates are no jobs. */
  readonly #closing = new AbortController()

  constructor(parts: SensitivityServiceParts) {
    this.#parts = parts
  }

  /**
   * Runs llama.cpp for a few seconds.
   *
   * @throws QuantaloupeError as `estimateSensitivity` and `readText`
   */
  async estimate(request: SensitivityRequest, signal?: AbortSignal): Promise<SensitivityEstimate> {
    const { library, options, statistics } = this.#parts
    const opened = library.get(request.model)
    const text = this.#readText(request)
    return estimateSensitivity(opened, request, {
      core: await this.#parts.core.get(),
      options,
      statistics: statistics.load(opened.model, request).statistics,
      text,
      signal: signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal,
    })
  }

  /** @throws QuantaloupeError as `SensitivityWork` */
  async start(request: SensitivityRequest): Promise<Job> {
    const core = await this.#parts.core.get()
    const work = this.#work(core, request)
    const job = core.jobs.start(work)
    this.#works.set(job.id, work)
    return job
  }

  /** What a job of this run has measured or found in the cache so far; null for a job of another kind. */
  result(job: JobId): Sensitivities | null {
    return this.#works.get(job)?.result ?? null
  }

  /** As {@link knownSensitivities}. */
  async list(request: RequestOf<'sensitivity.list'>): Promise<Sensitivities | null> {
    const core = await this.#parts.core.get()
    const { model } = this.#parts.library.get(request.model)
    return knownSensitivities(core, model, this.#parts.statistics.load(model, request).statistics)
  }

  /** @throws QuantaloupeError `FOLDER_NOT_FOUND`, `OUTSIDE_ROOTS`, `FILE_NOT_WRITABLE`, `DISK_FULL` */
  save(sensitivities: Sensitivities, path: string): void {
    writeAtomically(this.#parts.served.writable(path), `${JSON.stringify(sensitivities, null, 2)}\n`)
  }

  /** Ends the estimates that are being made. */
  close(): void {
    this.#closing.abort()
  }

  /** An interrupted job's work; what it had measured is in the cache. Its model is opened again. */
  async restore(job: UnfinishedJob): Promise<SensitivityWork> {
    const core = await this.#parts.core.get()
    const opened = await this.#parts.library.open(job.modelPath)
    const work = this.#work(core, { ...(JSON.parse(job.request) as SensitivityRequest), model: opened.id })
    this.#works.set(job.id, work)
    return work
  }

  #work({ cache, fingerprints }: Core, request: SensitivityRequest): SensitivityWork {
    const { library, options, statistics } = this.#parts
    const opened = library.get(request.model)
    const loaded = statistics.load(opened.model, request)
    const { dataFolder, llamaUrl, threads } = options
    return new SensitivityWork(opened, request, {
      cache,
      fingerprints,
      dataFolder,
      llamaUrl,
      threads,
      statistics: loaded.statistics,
      findings: loaded.findings,
      readText: () => this.#readText(request),
    })
  }

  #readText({ text, context }: SensitivityRequest): Text {
    return readText(this.#parts.served.existing(text), context)
  }
}
