import { QuantaloupeError } from '../../engine/errors.ts'
import type {
  Job,
  JobId,
  StoredVerification,
  VerificationCandidate,
  VerificationRequest,
} from '../../../preload/contract.ts'
import type { UnfinishedJob } from '../cache/unfinished-jobs.ts'
import type { Core } from '../core.ts'
import { ExportWork } from '../exports/export-work.ts'
import type { OpenedModel, Library } from '../library/library.ts'
import type { ServedPaths } from '../library/paths.ts'
import type { Lazy } from '../lazy.ts'
import { readText } from '../llama/read-text.ts'
import { workPath } from '../llama/work-folder.ts'
import type { StatisticsFiles } from '../measurements/statistics-files.ts'
import { weightsIdentity } from '../measurements/weights-identity.ts'
import type { ServiceOptions } from '../options.ts'
import { fileCandidate, planCandidate } from './candidates.ts'
import type { Candidate } from './candidates.ts'
import { VerificationWork } from './verification-work.ts'

export interface VerificationServiceParts {
  readonly core: Lazy<Core>
  readonly library: Library
  readonly statistics: StatisticsFiles
  readonly served: ServedPaths
  readonly options: Pick<ServiceOptions, 'dataFolder' | 'llamaUrl' | 'threads'>
}

/** Compares plans and files with the models they were made from, in llama.cpp, and keeps the results. */
export class VerificationService {
  readonly #parts: VerificationServiceParts
  readonly #works = new Map<JobId, VerificationWork>()

  constructor(parts: VerificationServiceParts) {
    this.#parts = parts
  }

  /** @throws QuantaloupeError as `readText`, `llamaPath`, `ExportWork`, what reading a candidate reports */
  async start(request: VerificationRequest): Promise<Job> {
    const core = await this.#parts.core.get()
    const work = this.#work(core, request)
    const job = core.jobs.start(work)
    this.#works.set(job.id, work)
    return job
  }

  /** What a job of this run has found; null until it is done. */
  result(job: JobId): StoredVerification | null {
    return this.#works.get(job)?.result ?? null
  }

  /** Newest first, of models with the same weights; nothing for a model whose weights were never read. */
  async list(model: string): Promise<readonly StoredVerification[]> {
    const { cache, fingerprints } = await this.#parts.core.get()
    const weights = weightsIdentity(this.#parts.library.get(model).model, fingerprints)
    return weights === null ? [] : cache.use(({ verifications }) => verifications.list(weights))
  }

  /** @throws QuantaloupeError `UNKNOWN_VERIFICATION` */
  async forget(id: string): Promise<void> {
    const { cache } = await this.#parts.core.get()
    if (cache.use(({ verifications }) => verifications.forget(id))) return
    throw new QuantaloupeError('UNKNOWN_VERIFICATION', 'There is no such verification', { place: id })
  }

  /** An interrupted job's work, from the beginning; its model is opened again. */
  async restore(job: UnfinishedJob): Promise<VerificationWork> {
    const core = await this.#parts.core.get()
    const opened = await this.#parts.library.open(job.modelPath)
    const request = { ...(JSON.parse(job.request) as VerificationRequest), model: opened.id }
    const work = this.#work(core, request)
    this.#works.set(job.id, work)
    return work
  }

  #work(core: Core, request: VerificationRequest): VerificationWork {
    const { library, options, served } = this.#parts
    const opened = library.get(request.model)
    const path = served.existing(request.text)
    return new VerificationWork(opened, request, {
      cache: core.cache,
      fingerprints: core.fingerprints,
      llamaUrl: options.llamaUrl,
      threads: options.threads,
      candidate: this.#candidate(opened, request.candidate),
      readText: () => readText(path, request.context),
    })
  }

  #candidate(opened: OpenedModel, candidate: VerificationCandidate): Candidate {
    const { options, served, statistics } = this.#parts
    if (candidate.kind === 'file') return fileCandidate(served.existing(candidate.path))
    const { choices, imatrix } = candidate
    const request = {
      model: opened.id,
      choices,
      path: workPath(options.dataFolder, 'candidate.gguf'),
      overwrite: false,
      allowRequantize: true,
      ...(imatrix !== undefined && { imatrix }),
    }
    const loaded = statistics.load(opened.model, candidate)
    return planCandidate(
      new ExportWork(opened, request, { statistics: loaded, findings: [] }),
      imatrix ?? null,
    )
  }
}
