import { fromErrorData, QuantaloupeError } from '../engine/errors.ts'
import type { Services } from '../services/index.ts'
import type { Finding, Job } from '../../preload/contract.ts'
import type { Context } from './context.ts'

/**
 * Shows a job's progress until it ends; Ctrl+C cancels it.
 *
 * @returns the job, done
 * @throws QuantaloupeError what the job failed with, or `CANCELLED`
 */
export async function follow(context: Context, services: Services, { id }: Job): Promise<Job> {
  const cancel = (): void => void services.jobs.cancel(id)
  const unsubscribe = services.on('job', (job) => {
    if (job.id === id) showProgress(context, job)
  })
  context.signal.addEventListener('abort', cancel, { once: true })
  if (context.signal.aborted) cancel()
  try {
    return requireDone(context, await services.jobs.finished(id))
  } finally {
    unsubscribe()
    context.signal.removeEventListener('abort', cancel)
    context.progress.end()
  }
}

/** What the user should know although the work goes on. */
export function remarkFindings(context: Context, findings: readonly Finding[]): void {
  for (const { message } of findings) context.remark(`note: ${message}`)
}

function showProgress(context: Context, job: Job): void {
  context.progress.show({
    label: labelOf(job),
    fraction: fractionDone(job),
    bytesPerSecond: job.bytesPerSecond,
    remainingMs: job.remainingMs,
  })
}

/** A verification tells its figure while it goes on. */
function labelOf({ title, findings }: Job): string {
  const soFar = findings.find(({ code }) => code === 'DIVERGENCE_SO_FAR')
  return soFar ? `${title}: ${soFar.message}` : title
}

/** What llama.cpp does is counted in chunks and groups, everything else in bytes. */
function fractionDone({ bytesDone, bytesTotal, tensorsDone, tensorsTotal }: Job): number {
  if (bytesTotal > 0) return Math.min(1, bytesDone / bytesTotal)
  return tensorsTotal > 0 ? tensorsDone / tensorsTotal : 0
}

function requireDone(context: Context, job: Job): Job {
  context.progress.end()
  remarkFindings(context, job.findings)
  if (job.state === 'done') return job
  if (job.error !== null) throw fromErrorData(job.error)
  throw new QuantaloupeError('CANCELLED', 'Cancelled')
}
