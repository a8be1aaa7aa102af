import type { Job, JobId } from '../../../preload/contract.ts'
import type { Core } from '../core.ts'
import type { Lazy } from '../lazy.ts'

/** The jobs of this host, and those that an earlier run left unfinished. */
export class JobService {
  readonly #core: Lazy<Core>

  constructor(core: Lazy<Core>) {
    this.#core = core
  }

  async list(): Promise<readonly Job[]> {
    return (await this.#core.get()).jobs.list()
  }

  /** Resolves when a job of this run has ended, however. @throws QuantaloupeError `UNKNOWN_JOB` */
  async finished(job: JobId): Promise<Job> {
    return (await this.#core.get()).jobs.finished(job)
  }

  /** @throws QuantaloupeError `UNKNOWN_JOB`, `JOB_STATE` */
  async pause(job: JobId): Promise<Job> {
    return (await this.#core.get()).jobs.pause(job)
  }

  /** @throws QuantaloupeError `UNKNOWN_JOB`, `JOB_STATE`, and what starting an interrupted job again reports */
  async resume(job: JobId): Promise<Job> {
    return (await this.#core.get()).jobs.resume(job)
  }

  /** @throws QuantaloupeError `UNKNOWN_JOB` */
  async cancel(job: JobId): Promise<Job> {
    return (await this.#core.get()).jobs.cancel(job)
  }

  /** @throws QuantaloupeError `UNKNOWN_JOB`, `JOB_STATE` */
  async dismiss(job: JobId): Promise<void> {
    ;(await this.#core.get()).jobs.dismiss(job)
  }
}
