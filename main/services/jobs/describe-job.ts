import type { ErrorData, ExportResult, Job, JobState } from '../../../preload/contract.ts'
import type { InterruptedJob } from '../cache/unfinished-jobs.ts'
import type { JobSwitch, JobWork } from './job.ts'

/** What the queue knows of a job of this run. */
export interface JobRecord {
  readonly id: string
  readonly work: JobWork
  readonly startedAt: string
  readonly switch: JobSwitch
  state: JobState
  error: ErrorData | null
  export: ExportResult | null
}

/** A job as the window sees it. */
export function describeJob(record: JobRecord): Job {
  const { meter, tensorsDone, findings } = record.switch
  const { kind, title, modelPath, tensorsTotal } = record.work
  const isMoving = record.state === 'running'
  return {
    id: record.id,
    kind,
    title,
    modelPath,
    state: record.state,
    tensorsDone,
    tensorsTotal,
    bytesDone: meter.bytesDone,
    bytesTotal: meter.bytesTotal,
    bytesPerSecond: isMoving ? meter.bytesPerSecond : null,
    remainingMs: isMoving ? record.switch.remainingMs : null,
    error: record.error,
    findings: [...findings],
    startedAt: record.startedAt,
    export: record.export,
  }
}

/** A job that an earlier run left, as far as it is known to have come. */
export function describeInterrupted(job: InterruptedJob): Job {
  const { id, kind, title, modelPath, startedAt, tensorsDone, tensorsTotal, bytesDone, bytesTotal } = job
  return {
    id,
    kind,
    title,
    modelPath,
    state: 'interrupted',
    tensorsDone,
    tensorsTotal,
    bytesDone,
    bytesTotal,
    bytesPerSecond: null,
    remainingMs: null,
    error: null,
    findings: [],
    startedAt,
    export: null,
  }
}
