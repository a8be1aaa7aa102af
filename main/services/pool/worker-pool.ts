import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { QuantaloupeError, fromErrorData } from '../../engine/errors.ts'
import type { Task, TaskReply, TaskResults } from '../../workers/protocol.ts'

/** What a worker's entry exports. */
const HANDLER = 'runTask'

export type TaskOf<K extends Task['kind']> = Extract<Task, { kind: K }>

/** What runs tasks; jobs see no more of a pool than this. */
export interface TaskRunner {
  readonly threads: number
  /** @throws QuantaloupeError as the worker reported it, or `WORKER_DIED` */
  run<K extends Task['kind']>(task: TaskOf<K>): Promise<TaskResults[K]>
}

/** Worker threads that run the tasks of the protocol. A thread that dies fails its task and is replaced. */
export class WorkerPool implements TaskRunner {
  readonly threads: number
  readonly #workerUrl: URL
  #started: Piscina | null = null
  /** Fails the tasks under way, should there be no thread left to run them. */
  readonly #abandon = new Set<(reason: unknown) => void>()

  /** @param workerUrl the worker's entry file, found by the host's own entry */
  constructor(workerUrl: URL, threads: number) {
    this.#workerUrl = workerUrl
    this.threads = threads
  }

  /** Starts the threads now, where tasks are sure to follow: they load while these are prepared. */
  start(): void {
    this.#pool()
  }

  async run<K extends Task['kind']>(task: TaskOf<K>): Promise<TaskResults[K]> {
    const reply = await this.#send<K>(task)
    if (!reply.ok) throw fromErrorData(reply.error)
    return reply.value
  }

  async #send<K extends Task['kind']>(task: TaskOf<K>): Promise<TaskReply<K>> {
    const pool = this.#pool()
    const { promise: abandoned, reject } = Promise.withResolvers<never>()
    this.#abandon.add(reject)
    try {
      return (await Promise.race([pool.run(task), abandoned])) as TaskReply<K>
    } catch (error) {
      this.#giveUpWithoutThreads(pool, error)
      const reason = error instanceof Error ? error.message : String(error)
      throw new QuantaloupeError(
        'WORKER_DIED',
        `A worker thread died (${reason})`,
        { place: task.source.name, remedy: 'Start the job again; what was finished is kept.', fault: 'bug' },
        { cause: error },
      )
    } finally {
      this.#abandon.delete(reject)
    }
  }

  /** Piscina starts no new threads when they fail at once (a missing or broken entry), and would let tasks wait. */
  #giveUpWithoutThreads(pool: Piscina, reason: unknown): void {
    if (pool !== this.#started || pool.threads.length > 0) return
    this.#started = null
    for (const reject of this.#abandon) reject(reason)
    void pool.destroy()
  }

  /** Ends all threads, whatever they do. */
  async close(): Promise<void> {
    await this.#started?.destroy()
  }

  /** The threads start with the first task, or with {@link start}. */
  #pool(): Piscina {
    if (this.#started) return this.#started
    const pool = new Piscina({
      filename: fileURLToPath(this.#workerUrl),
      name: HANDLER,
      // All threads are kept: Piscina replaces a dead one at once only up to its minimum.
      minThreads: this.threads,
      maxThreads: this.threads,
      maxQueue: Infinity,
    })
    // A thread that dies between tasks fails none; the event must not end the process.
    pool.on('error', (error) => this.#giveUpWithoutThreads(pool, error))
    this.#started = pool
    return pool
  }
}
