import { randomUUID } from 'node:crypto'
import { QuantaloupeError, toErrorData } from '../../engine/errors.ts'
import type { Job, JobState } from '../../../preload/contract.ts'
import type { InterruptedJob, UnfinishedJob } from '../cache/unfinished-jobs.ts'
import type { Cache } from '../cache/cache.ts'
import type { TaskRunner } from '../pool/worker-pool.ts'
import { describeInterrupted, describeJob } from './describe-job.ts'
import type { JobRecord } from './describe-job.ts'
import { JobSwitch } from './job.ts'
import type { JobWork } from './job.ts'
import { Throttle } from './throttle.ts'

/** Ten events a second. */
const EVENT_INTERVAL_MS = 100

/** How often the progress is kept for the case that the job is cut off. */
const PROGRESS_INTERVAL_MS = 1000

const ENDED: readonly JobState[] = ['done', 'failed', 'cancelled']

interface Entry extends JobRecord {
  readonly events: Throttle
  /** Keeps the progress in the cache. */
  readonly progress: Throttle
  /** Settles when the job has ended, however. */
  readonly ended: { readonly promise: Promise<Job>; readonly resolve: (job: Job) => void }
  begun: boolean
  /** Its work has returned; a cancelled job may still be cleaning up. */
  over: boolean
}

export interface JobQueueParts {
  readonly pool: TaskRunner
  readonly cache: Cache
  readonly useNative: boolean
  readonly onJob: (job: Job) => void
  /** Makes an interrupted job's work again. */
  readonly restore: (job: UnfinishedJob) => Promise<JobWork>
}

/**
 * Long work, one at a time, in the order it was asked for.
 *
 * Every job is written to the cache before it starts and taken out when it ends, so that what a kill or a crash
 * cuts off is listed as `interrupted` the next time and can be resumed.
 */
export class JobQueue {
  readonly #parts: JobQueueParts
  readonly #entries = new Map<string, Entry>()
  /** Ids waiting for the threads, first come first. */
  #waiting: string[] = []
  #running: Entry | null = null
  #closing = false

  constructor(parts: JobQueueParts) {
    this.#parts = parts
  }

  start(work: JobWork): Job {
    const entry = this.#createEntry(randomUUID(), work, new Date().toISOString())
    const { id, startedAt } = entry
    const { kind, title, modelPath } = work
    const row = { id, kind, title, modelPath, startedAt, request: JSON.stringify(work.request) }
    this.#parts.cache.use(({ jobs }) => jobs.add(row))
    return this.#enqueue(entry)
  }

  list(): Job[] {
    const interrupted = this.#parts.cache.use(({ jobs }) => jobs.interrupted())
    const own = [...this.#entries.values()].map(describeJob)
    return [...interrupted.filter(({ id }) => !this.#entries.has(id)).map(describeInterrupted), ...own]
  }

  /** Resolves when the job has ended. */
  finished(id: string): Promise<Job> {
    return this.#entry(id).ended.promise
  }

  pause(id: string): Job {
    const entry = this.#entry(id)
    if (entry.state !== 'running' && entry.state !== 'queued') throw wrongState(entry, 'paused')
    this.#waiting = this.#waiting.filter((waiting) => waiting !== id)
    entry.switch.pause()
    this.#setState(entry, 'paused')
    this.#advance()
    return describeJob(entry)
  }

  async resume(id: string): Promise<Job> {
    const entry = this.#entries.get(id)
    if (!entry) return this.#resumeInterrupted(id)
    if (entry.state !== 'paused') throw wrongState(entry, 'resumed')
    if (this.#running === entry) {
      entry.switch.resume()
      return this.#setState(entry, 'running')
    }
    this.#waiting.unshift(id)
    this.#setState(entry, 'queued')
    this.#advance()
    return describeJob(entry)
  }

  cancel(id: string): Job {
    const entry = this.#entries.get(id)
    if (!entry) return this.#cancelInterrupted(id)
    if (ENDED.includes(entry.state)) return describeJob(entry)
    this.#waiting = this.#waiting.filter((waiting) => waiting !== id)
    entry.switch.cancel()
    if (!entry.begun) this.#end(entry, 'cancelled')
    return this.#setState(entry, 'cancelled')
  }

  /** Takes an ended or interrupted job off the list. */
  dismiss(id: string): void {
    const entry = this.#entries.get(id)
    if (entry && !entry.over) throw wrongState(entry, 'dismissed')
    if (!entry) this.#interrupted(id)
    this.#entries.delete(id)
    this.#parts.cache.use(({ jobs }) => jobs.remove(id))
  }

  /** Stops everything; unfinished jobs stay in the cache and are `interrupted` next time. */
  async close(): Promise<void> {
    this.#closing = true
    this.#waiting = []
    const open = [...this.#entries.values()].filter((entry) => entry.begun && !entry.over)
    for (const entry of open) entry.switch.cancel()
    await Promise.all(open.map((entry) => entry.ended.promise))
  }

  async #resumeInterrupted(id: string): Promise<Job> {
    const row = this.#interrupted(id)
    const work = await this.#parts.restore(row)
    if (!this.#parts.cache.use(({ jobs }) => jobs.claim(id))) throw unknownJob(id)
    return this.#enqueue(this.#createEntry(id, work, row.startedAt))
  }

  #cancelInterrupted(id: string): Job {
    const row = this.#interrupted(id)
    this.#parts.cache.use(({ jobs }) => jobs.remove(id))
    return { ...describeInterrupted(row), state: 'cancelled' }
  }

  #createEntry(id: string, work: JobWork, startedAt: string): Entry {
    const events = new Throttle(EVENT_INTERVAL_MS, () => this.#parts.onJob(describeJob(entry)))
    const progress = new Throttle(PROGRESS_INTERVAL_MS, () => this.#keepProgress(entry))
    const moved = (): void => {
      events.request()
      progress.request()
    }
    const entry: Entry = {
      id,
      work,
      startedAt,
      events,
      progress,
      switch: new JobSwitch(this.#parts.pool, this.#parts.useNative, moved),
      ended: Promise.withResolvers<Job>(),
      state: 'queued',
      begun: false,
      over: false,
      error: null,
      export: null,
    }
    return entry
  }

  #enqueue(entry: Entry): Job {
    this.#entries.set(entry.id, entry)
    this.#waiting.push(entry.id)
    entry.events.flush()
    entry.progress.flush()
    this.#advance()
    return describeJob(entry)
  }

  /** A convenience: a cache that can not be written for a moment fails no job. */
  #keepProgress(entry: Entry): void {
    try {
      this.#parts.cache.use(({ jobs }) => jobs.storeProgress(entry.id, describeJob(entry)))
    } catch (error) {
      if (!(error instanceof QuantaloupeError)) throw error
    }
  }

  /** Gives the threads to the next waiting job when they are free, or held by a paused one. */
  #advance(): void {
    if (this.#closing || (this.#running && this.#running.state !== 'paused')) return
    const id = this.#waiting.shift()
    const entry = id === undefined ? undefined : this.#entries.get(id)
    if (!entry) return
    this.#running?.switch.withdraw()
    this.#running = entry
    this.#setState(entry, 'running')
    entry.switch.resume()
    if (!entry.begun) void this.#run(entry)
  }

  async #run(entry: Entry): Promise<void> {
    entry.begun = true
    try {
      entry.export = await entry.work.run(entry.switch)
      this.#end(entry, 'done')
    } catch (error) {
      entry.error = toErrorData(error)
      this.#end(entry, entry.error.code === 'CANCELLED' ? 'cancelled' : 'failed')
    }
  }

  #end(entry: Entry, state: JobState): void {
    entry.over = true
    entry.progress.flush()
    if (state === 'cancelled') entry.error = null
    if (this.#running === entry) this.#running = null
    // A job that only the closing of the program stops stays in the cache for next time.
    const cutOff = this.#closing && state === 'cancelled' && entry.state !== 'cancelled'
    if (!cutOff) this.#forget(entry)
    entry.ended.resolve(this.#setState(entry, state))
    this.#advance()
  }

  #forget(entry: Entry): void {
    try {
      this.#parts.cache.use(({ jobs }) => jobs.remove(entry.id))
    } catch (error) {
      // The work is done; that it will be listed as interrupted once more is not worth a failure.
      entry.switch.find({ code: toErrorData(error).code, message: toErrorData(error).message })
    }
  }

  #setState(entry: Entry, state: JobState): Job {
    entry.state = state
    entry.events.flush()
    return describeJob(entry)
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id)
    if (!entry) throw unknownJob(id)
    return entry
  }

  #interrupted(id: string): InterruptedJob {
    const rows = this.#parts.cache.use(({ jobs }) => jobs.interrupted())
    const row = rows.find((candidate) => candidate.id === id)
    if (!row) throw unknownJob(id)
    return row
  }
}

function unknownJob(id: string): QuantaloupeError {
  return new QuantaloupeError('UNKNOWN_JOB', 'There is no such job', { place: id })
}

function wrongState(entry: Entry, action: string): QuantaloupeError {
  return new QuantaloupeError('JOB_STATE', `A job that is ${entry.state} can not be ${action}`, {
    place: entry.id,
  })
}
