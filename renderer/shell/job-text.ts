import type { Job, JobKind } from '../../preload/contract.ts'
import { bytes, exact, significant } from '../charts/numbers.ts'

/** Minutes and seconds: `0:12`, `1:03:20`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const [hours = 0, minutes = 0, rest = 0] = parts
  const tail = rest.toString().padStart(2, '0')
  return hours > 0 ? `${hours}:${minutes.toString().padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}

/** Share of the work that is done, 0 to 1. */
export function fractionDone(job: Job): number {
  if (job.bytesTotal > 0) return Math.min(1, job.bytesDone / job.bytesTotal)
  return job.tensorsTotal > 0 ? job.tensorsDone / job.tensorsTotal : 0
}

/** What a job counts. */
const UNITS: Readonly<Record<JobKind, string>> = {
  analysis: 'tensors',
  export: 'tensors',
  verification: 'chunks',
  sensitivity: 'replaced groups',
}

/** Chunks and groups go by slowly: `2.4 chunks/s`, `3.1 replaced groups/min`. */
function rate({ kind, tensorsDone, tensorsTotal, remainingMs }: Job): string | null {
  const isCounted = kind === 'verification' || kind === 'sensitivity'
  if (!isCounted || remainingMs === null || remainingMs <= 0) return null
  const perSecond = ((tensorsTotal - tensorsDone) * 1000) / remainingMs
  return perSecond >= 1
    ? `${significant(perSecond, 2)} ${UNITS[kind]}/s`
    : `${significant(perSecond * 60, 2)} ${UNITS[kind]}/min`
}

/** `31/44 tensors · 412 MiB/s · 0:12 left`, as far as it is known. */
export function jobProgress(job: Job): string {
  const running = job.state === 'running'
  const parts = [
    job.tensorsTotal > 0 ? `${exact(job.tensorsDone)}/${exact(job.tensorsTotal)} ${UNITS[job.kind]}` : null,
    running && job.bytesPerSecond !== null ? `${bytes(job.bytesPerSecond)}/s` : null,
    running ? rate(job) : null,
    running && job.remainingMs !== null ? `${duration(job.remainingMs)} left` : null,
    running ? null : job.state,
  ]
  return parts.filter((part) => part !== null).join(' · ')
}
