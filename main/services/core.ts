import { join } from 'node:path'
import type { Job } from '../../preload/contract.ts'
import { Cache } from './cache/cache.ts'
import type { UnfinishedJob } from './cache/unfinished-jobs.ts'
import { JobQueue } from './jobs/job-queue.ts'
import type { JobWork } from './jobs/job.ts'
import { clearWorkFolder } from './llama/work-folder.ts'
import { KnownFingerprints } from './measurements/known-fingerprints.ts'
import { KnownMeasurements } from './measurements/known-measurements.ts'
import type { ServiceOptions } from './options.ts'
import { WorkerPool } from './pool/worker-pool.ts'

/** The heavy parts: database, threads, jobs. Loaded when the first of them is needed. */
export interface Core {
  readonly cache: Cache
  /** For jobs. */
  readonly pool: WorkerPool
  /** One thread for what the user waits for: it answers also while jobs hold or pause the pool. */
  readonly lane: WorkerPool
  readonly jobs: JobQueue
  readonly fingerprints: KnownFingerprints
  readonly known: KnownMeasurements
  close(): Promise<void>
}

export interface CoreHooks {
  readonly onJob: (job: Job) => void
  readonly restore: (job: UnfinishedJob) => Promise<JobWork>
}

/** @throws QuantaloupeError `CACHE_TOO_NEW` */
export function startCore(options: ServiceOptions, { onJob, restore }: CoreHooks): Core {
  const { workerUrl, threads, useNative } = options
  const cache = new Cache(join(options.dataFolder, 'cache.sqlite'))
  clearWorkFolder(options.dataFolder)
  const pool = new WorkerPool(workerUrl, threads)
  const lane = new WorkerPool(workerUrl, 1)
  const jobs = new JobQueue({ pool, cache, useNative, onJob, restore })
  const fingerprints = new KnownFingerprints(cache)
  return {
    cache,
    pool,
    lane,
    jobs,
    fingerprints,
    known: new KnownMeasurements(cache, fingerprints),
    async close() {
      await jobs.close()
      await Promise.all([pool.close(), lane.close()])
      cache.close()
    },
  }
}
