import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { AnalysisRequest, Job, JobId, JobState, Outcome } from '../../preload/contract.ts'
import { call, on, onGap } from '../bridge/index.ts'
import { useNotices } from './notices.ts'

const ENDED: ReadonlySet<JobState> = new Set<JobState>(['done', 'failed', 'cancelled'])

export function hasEnded(job: Job): boolean {
  return ENDED.has(job.state)
}

/** It has the threads, or waits for them. */
export function isAtWork(job: Job): boolean {
  return job.state === 'running' || job.state === 'queued'
}

/** There is something to see or to do: it goes on, is paused, was cut off, or has failed. */
export function isUnsettled(job: Job): boolean {
  return job.state !== 'done' && job.state !== 'cancelled'
}

/**
 * Long work of the host, live.
 *
 * - `all` oldest first; `current` those that have not ended; `foremost` the one the bottom bar shows
 * - `named(id)`; `analyze(request)`; `pause(id)`, `resume(id)`, `cancel(id)`, `dismiss(id)`
 * - `put(job)` takes in a job another call returned (an export)
 * - `start()` asks the host and listens
 */
export const useJobs = defineStore('jobs', () => {
  const notices = useNotices()
  const all = shallowRef<readonly Job[]>([])
  const current = computed(() => all.value.filter((job) => !hasEnded(job)))
  const foremost = computed(
    () => current.value.find((job) => job.state === 'running') ?? current.value[0] ?? null,
  )

  const named = (id: JobId): Job | null => all.value.find((job) => job.id === id) ?? null

  function put(job: Job): void {
    const known = named(job.id)
    if (known && hasEnded(known) && !hasEnded(job)) return
    all.value = known ? all.value.map((one) => (one.id === job.id ? job : one)) : [...all.value, job]
  }

  function heard(job: Job): void {
    const before = named(job.id)?.state
    put(job)
    if (job.state === 'failed' && before !== 'failed' && job.error) notices.fail(job.error)
  }

  async function start(): Promise<void> {
    on('job', heard)
    onGap(() => void ask())
    await ask()
  }

  async function ask(): Promise<void> {
    const outcome = await notices.reported(call('jobs.list', null))
    if (outcome.ok) outcome.value.forEach(put)
  }

  async function taken(outcome: Promise<Outcome<Job>>): Promise<Outcome<Job>> {
    const settled = await notices.reported(outcome)
    if (settled.ok) put(settled.value)
    return settled
  }

  const analyze = (request: AnalysisRequest) => taken(call('analysis.start', request))
  const pause = (job: JobId) => taken(call('jobs.pause', { job }))
  const resume = (job: JobId) => taken(call('jobs.resume', { job }))
  const cancel = (job: JobId) => taken(call('jobs.cancel', { job }))

  async function dismiss(job: JobId): Promise<void> {
    const outcome = await notices.reported(call('jobs.dismiss', { job }))
    if (outcome.ok) all.value = all.value.filter((one) => one.id !== job)
  }

  return { all, current, foremost, named, put, start, analyze, pause, resume, cancel, dismiss }
})
