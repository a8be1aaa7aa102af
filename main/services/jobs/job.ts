import { QuantaloupeError } from '../../engine/errors.ts'
import type { Finding } from '../../engine/formats/model.ts'
import type { Task, TaskResults } from '../../workers/protocol.ts'
import { cancelControl, createControl, pauseControl, resumeControl } from '../../workers/control.ts'
import type { ExportResult, JobKind } from '../../../preload/contract.ts'
import type { TaskOf, TaskRunner } from '../pool/worker-pool.ts'
import { Limiter } from './limiter.ts'
import { ProgressMeter } from './progress-meter.ts'

/** A task without what the job itself adds. */
export type JobTask<K extends Task['kind']> = Omit<TaskOf<K>, 'control' | 'useNative'>

/** What a piece of long work sees of its job. */
export interface JobContext {
  readonly threads: number
  readonly meter: ProgressMeter
  /** Chunks of text that llama.cpp evaluates; the remaining time is theirs where there are any. */
  readonly chunks: ProgressMeter
  /** Aborted when the job is cancelled. */
  readonly signal: AbortSignal
  readonly findings: readonly Finding[]
  /**
   * Runs a task; sleeps while the job is paused.
   *
   * @throws QuantaloupeError `CANCELLED`, or what the worker reports
   */
  run<K extends Task['kind']>(task: JobTask<K>): Promise<TaskResults[K]>
  /** Waits while the job is paused. @throws QuantaloupeError `CANCELLED` */
  checkpoint(): Promise<void>
  /** One more tensor is finished. */
  tensorDone(): void
  /** Reports progress soon. */
  progress(): void
  find(finding: Finding): void
  /** Tells what holds for the moment in place of the finding of that code, or takes that away. */
  note(code: string, message: string | null): void
}

export interface JobWork {
  readonly kind: JobKind
  readonly title: string
  readonly modelPath: string
  /** May become known only while it runs. */
  readonly tensorsTotal: number
  /** Plain data from which the work can be started again after a kill. */
  readonly request: unknown
  run(context: JobContext): Promise<ExportResult | null>
}

/** Tasks handed to the pool at a time, per thread: enough to keep it fed, few enough to bound memory. */
const TASKS_PER_THREAD = 2

/**
 * The switch of one job: runs its tasks, lets them sleep, ends them.
 *
 * A paused job's tasks sleep inside their threads. When another job needs the threads, the sleeping tasks
 * are withdrawn and sent again later; nothing but their own unfinished piece is lost.
 */
export class JobSwitch implements JobContext {
  readonly meter = new ProgressMeter()
  readonly chunks = new ProgressMeter()
  readonly findings: Finding[] = []
  readonly #pool: TaskRunner
  readonly #limiter: Limiter
  readonly #useNative: boolean
  readonly #onProgress: () => void
  #control = createControl()
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | null = null
  readonly #cancellation = new AbortController()
  tensorsDone = 0

  constructor(pool: TaskRunner, useNative: boolean, onProgress: () => void) {
    this.#pool = pool
    this.#useNative = useNative
    this.#limiter = new Limiter(TASKS_PER_THREAD * pool.threads)
    this.#onProgress = onProgress
  }

  get threads(): number {
    return this.#pool.threads
  }

  get signal(): AbortSignal {
    return this.#cancellation.signal
  }

  /** Null until it can be told. */
  get remainingMs(): number | null {
    return this.chunks.bytesTotal > 0 ? this.chunks.remainingMs : this.meter.remainingMs
  }

  run<K extends Task['kind']>(task: JobTask<K>): Promise<TaskResults[K]> {
    return this.#limiter.run(async () => {
      for (;;) {
        await this.checkpoint()
        const control = this.#control
        const complete = { ...task, control, useNative: this.#useNative } as unknown as TaskOf<K>
        try {
          return await this.#pool.run<K>(complete)
        } catch (error) {
          if (this.signal.aborted || !wasWithdrawn(error, control, this.#control)) throw error
        }
      }
    })
  }

  async checkpoint(): Promise<void> {
    while (this.#gate && !this.signal.aborted) await this.#gate.opened
    if (this.signal.aborted) throw new QuantaloupeError('CANCELLED', 'The job was cancelled')
  }

  tensorDone(): void {
    this.tensorsDone += 1
    this.#onProgress()
  }

  progress(): void {
    this.#onProgress()
  }

  find(finding: Finding): void {
    this.findings.push(finding)
  }

  note(code: string, message: string | null): void {
    const place = this.findings.findIndex((finding) => finding.code === code)
    if (place >= 0) this.findings.splice(place, 1)
    if (message !== null) this.find({ code, message })
  }

  pause(): void {
    pauseControl(this.#control)
    if (this.#gate) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gate = { opened: promise, open: resolve }
  }

  /** Frees the threads that hold sleeping tasks of this paused job. */
  withdraw(): void {
    const sleeping = this.#control
    this.#control = createControl()
    pauseControl(this.#control)
    cancelControl(sleeping)
  }

  resume(): void {
    this.meter.restart()
    this.chunks.restart()
    resumeControl(this.#control)
    this.#gate?.open()
    this.#gate = null
  }

  cancel(): void {
    this.#cancellation.abort()
    cancelControl(this.#control)
    this.#gate?.open()
  }
}

function wasWithdrawn(error: unknown, used: SharedArrayBuffer, current: SharedArrayBuffer): boolean {
  return used !== current && error instanceof QuantaloupeError && error.code === 'CANCELLED'
}
