import { beforeEach, expect, it, vi } from 'vitest'
import { useJobs } from '../../../renderer/stores/jobs.ts'
import { useNotices } from '../../../renderer/stores/notices.ts'
import { installFakeBridge, type FakeBridge } from '../../support/fake-bridge.ts'
import { jobOf } from '../../support/window-data.ts'

let host: FakeBridge

beforeEach(async () => {
  host = installFakeBridge({
    'jobs.list': () => [jobOf('old', { state: 'interrupted' })],
    'jobs.pause': ({ job }) => jobOf(job, { state: 'paused' }),
    'jobs.dismiss': () => null,
  })
  await useJobs().start()
})

it('puts the running job before one that was interrupted', () => {
  const jobs = useJobs()
  expect(jobs.foremost?.id).toBe('old')
  host.emit('job', jobOf('new'))
  expect(jobs.foremost?.id).toBe('new')
})

it('follows a job until it ends', () => {
  const jobs = useJobs()
  host.emit('job', jobOf('new'))
  host.emit('job', jobOf('new', { tensorsDone: 3 }))
  expect(jobs.named('new')?.tensorsDone).toBe(3)
  host.emit('job', jobOf('new', { state: 'done' }))
  expect(jobs.current.map((job) => job.id)).toEqual(['old'])
})

it('learns of an end that it missed while the connection was cut', async () => {
  const jobs = useJobs()
  host.emit('job', jobOf('new'))
  host.answers = { ...host.answers, 'jobs.list': () => [jobOf('new', { state: 'done' })] }
  host.cut()
  await vi.waitFor(() => expect(jobs.named('new')?.state).toBe('done'))
})

it('does not let a late reply bring an ended job back', () => {
  const jobs = useJobs()
  host.emit('job', jobOf('new', { state: 'done' }))
  jobs.put(jobOf('new', { state: 'queued' }))
  expect(jobs.named('new')?.state).toBe('done')
})

it('tells about a failed job once', () => {
  const error = { code: 'DISK_FULL', message: 'The disk is full', fault: 'input' as const }
  host.emit('job', jobOf('new', { state: 'failed', error }))
  const first = useNotices().latest
  host.emit('job', jobOf('new', { state: 'failed', error }))
  expect(first?.error?.code).toBe('DISK_FULL')
  expect(useNotices().latest).toBe(first)
})

it('pauses, and forgets what is dismissed', async () => {
  const jobs = useJobs()
  host.emit('job', jobOf('new'))
  await jobs.pause('new')
  expect(jobs.named('new')?.state).toBe('paused')
  await jobs.dismiss('new')
  expect(jobs.named('new')).toBeNull()
})
