import type { AnalysisRequest, CachedMeasurement, Events, Job, JobId } from '../../../preload/contract.ts'
import type { UnfinishedJob } from '../cache/unfinished-jobs.ts'
import type { Core } from '../core.ts'
import { Throttle } from '../jobs/throttle.ts'
import type { Library } from '../library/library.ts'
import type { Lazy } from '../lazy.ts'
import type { StatisticsFiles } from '../measurements/statistics-files.ts'
import { AnalysisWork } from './analysis-work.ts'

/** Ten batches a second. */
const BATCH_MS = 100

export interface AnalysisServiceParts {
  readonly core: Lazy<Core>
  readonly library: Library
  readonly statistics: StatisticsFiles
  readonly onMeasurements: (batch: Events['measurements']) => void
}

/** Starts analyses and keeps what they found while the host runs. */
export class AnalysisService {
  readonly #parts: AnalysisServiceParts
  readonly #results = new Map<JobId, readonly CachedMeasurement[]>()

  constructor(parts: AnalysisServiceParts) {
    this.#parts = parts
  }

  /** @throws QuantaloupeError as `AnalysisWork`, and what reading the imatrix or covariance reports */
  async start(request: AnalysisRequest): Promise<Job> {
    const core = await this.#parts.core.get()
    const { work, results } = this.#work(core, request)
    const job = core.jobs.start(work)
    this.#results.set(job.id, results)
    return job
  }

  /** What a job of this run has measured or found in the cache so far. */
  results(job: JobId): readonly CachedMeasurement[] {
    return this.#results.get(job) ?? []
  }

  /** An interrupted job's work; its model is opened again. */
  async restore(job: UnfinishedJob): Promise<AnalysisWork> {
    const core = await this.#parts.core.get()
    const opened = await this.#parts.library.open(job.modelPath)
    const request = { ...(JSON.parse(job.request) as AnalysisRequest), model: opened.id }
    const { work, results } = this.#work(core, request)
    this.#results.set(job.id, results)
    return work
  }

  #work(core: Core, request: AnalysisRequest): { work: AnalysisWork; results: CachedMeasurement[] } {
    const opened = this.#parts.library.get(request.model)
    const { statistics, findings } = this.#parts.statistics.load(opened.model, request)
    const results: CachedMeasurement[] = []
    let told = 0
    const batch = new Throttle(BATCH_MS, () => {
      const measurements = results.slice(told)
      told = results.length
      if (measurements.length === 0) return
      this.#parts.onMeasurements({ model: opened.id, measurements, imatrix: request.imatrix ?? null })
    })
    const work = new AnalysisWork(opened, request, statistics, {
      cache: core.cache,
      fingerprints: core.fingerprints,
      findings: [...core.cache.findings, ...findings],
      onMeasurements: (measurements) => {
        results.push(...measurements)
        batch.request()
      },
      onEnd: () => batch.flush(),
    })
    return { work, results }
  }
}
