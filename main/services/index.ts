import { toErrorData } from '../engine/errors.ts'
import type { Finding } from '../engine/formats/model.ts'
import type { EventName, Events, Outcome } from '../../preload/contract.ts'
import { AllocationService } from './allocation/allocation-service.ts'
import { AnalysisService } from './analysis/analysis-service.ts'
import type { UnfinishedJob } from './cache/unfinished-jobs.ts'
import type { Core } from './core.ts'
import { DiffService } from './diff/diff-service.ts'
import { ServiceEvents } from './events.ts'
import { ExportService } from './exports/export-service.ts'
import { JobService } from './jobs/job-service.ts'
import type { JobWork } from './jobs/job.ts'
import { LabService } from './lab/lab-service.ts'
import { Lazy } from './lazy.ts'
import { Library } from './library/library.ts'
import { ServedPaths } from './library/paths.ts'
import { MeasurementService } from './measurements/measurement-service.ts'
import { StatisticsFiles } from './measurements/statistics-files.ts'
import type { ServiceOptions } from './options.ts'
import { DamageModels } from './plans/damage-models.ts'
import { PlanService } from './plans/plan-service.ts'
import { SensitivityService } from './sensitivity/sensitivity-service.ts'
import { VerificationService } from './verification/verification-service.ts'

export type { ServiceOptions } from './options.ts'

/** The use cases, for hosts and the command line. */
export interface Services {
  readonly options: ServiceOptions
  readonly served: ServedPaths
  readonly library: Library
  readonly measurements: MeasurementService
  readonly analysis: AnalysisService
  readonly jobs: JobService
  readonly plans: PlanService
  readonly allocation: AllocationService
  readonly exports: ExportService
  readonly verification: VerificationService
  readonly sensitivity: SensitivityService
  readonly diff: DiffService
  readonly lab: LabService
  /** What is to be told about the cache: set aside, or not usable. */
  findings(): Promise<readonly Finding[]>
  /** Loads what jobs need before the first one asks for it. @throws QuantaloupeError `CACHE_TOO_NEW` */
  startThreads(): Promise<void>
  /** Runs a method of the contract with an unchecked request; never throws. */
  call(method: string, request: unknown): Promise<Outcome<unknown>>
  /** Returns the function that ends the subscription. */
  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void
  /** Stops jobs, threads and database; unfinished jobs are `interrupted` next time. */
  close(): Promise<void>
}

/**
 * Puts the services together. Neither database nor threads are loaded before something needs them.
 *
 * @throws QuantaloupeError `FOLDER_NOT_FOUND` for a root that is not there
 */
export function createServices(options: ServiceOptions): Services {
  const events = new ServiceEvents()
  const served = new ServedPaths(options.roots, options.uploadFolder)
  const core = new Lazy(async (): Promise<Core> => {
    const { startCore } = await import('./core.ts')
    return startCore(options, { onJob: (job) => events.emit('job', job), restore })
  })
  const library = new Library({
    served,
    recents: options.host === 'cli' ? null : async () => (await core.get()).cache,
    onModels: (models) => {
      allocation.keepOnly(new Set(models.map(({ id }) => id)))
      events.emit('models', models)
    },
  })
  const statistics = new StatisticsFiles(served)
  const damage = new DamageModels(served, core)
  const allocation = new AllocationService({ core, library, statistics, served, damage })
  const analysis = new AnalysisService({
    core,
    library,
    statistics,
    onMeasurements: (batch) => events.emit('measurements', batch),
  })
  const exports = new ExportService({ core, library, statistics, served })
  const verification = new VerificationService({ core, library, statistics, served, options })
  const sensitivity = new SensitivityService({ core, library, statistics, served, options })
  const restorers = { analysis, export: exports, verification, sensitivity }
  const restore = (job: UnfinishedJob): Promise<JobWork> => restorers[job.kind].restore(job)

  const services: Services = {
    options,
    served,
    library,
    analysis,
    measurements: new MeasurementService({ core, library, statistics, useNative: options.useNative }),
    jobs: new JobService(core),
    plans: new PlanService({ core, library, statistics, served, damage }),
    allocation,
    exports,
    verification,
    sensitivity,
    diff: new DiffService(core, library, options.useNative),
    lab: new LabService({ core, library, statistics, useNative: options.useNative }),
    async findings() {
      return (await core.get()).cache.findings
    },
    async startThreads() {
      const { pool } = await core.get()
      pool.start()
    },
    async call(method, request) {
      try {
        const { callMethod } = await import('./calls.ts')
        return { ok: true, value: await callMethod(services, method, request) }
      } catch (error) {
        return { ok: false, error: toErrorData(error) }
      }
    },
    on: (event, listener) => events.on(event, listener),
    async close() {
      sensitivity.close()
      await (await core.ifMade())?.close()
    },
  }
  return services
}
