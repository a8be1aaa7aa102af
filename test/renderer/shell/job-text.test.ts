import { expect, it } from 'vitest'
import { duration, fractionDone, jobProgress } from '../../../renderer/shell/job-text.ts'
import { jobOf } from '../../support/window-data.ts'

it('tells tensors, rate and time left of a running job', () => {
  expect(jobProgress(jobOf('a'))).toBe('1/4 tensors · 1.00 MiB/s · 0:12 left')
})

it('tells the state of a job that does not run', () => {
  expect(jobProgress(jobOf('a', { state: 'paused' }))).toBe('1/4 tensors · paused')
})

it('leaves out what is not known yet', () => {
  expect(jobProgress(jobOf('a', { bytesPerSecond: null, remainingMs: null }))).toBe('1/4 tensors')
})

it('measures progress by bytes, or by tensors when there are no bytes', () => {
  expect(fractionDone(jobOf('a'))).toBe(0.25)
  expect(fractionDone(jobOf('a', { bytesTotal: 0, tensorsDone: 2 }))).toBe(0.5)
})

it('writes durations like a clock', () => {
  expect([duration(0), duration(61_000), duration(3_661_000)]).toEqual(['0:00', '1:01', '1:01:01'])
})

it('counts chunks of text and replaced groups where no tensors are measured', () => {
  const llama = { bytesTotal: 0, bytesPerSecond: null, remainingMs: null } as const
  expect(jobProgress(jobOf('a', { kind: 'verification', ...llama }))).toBe('1/4 chunks')
  expect(jobProgress(jobOf('a', { kind: 'sensitivity', ...llama }))).toBe('1/4 replaced groups')
})

it('tells how fast llama.cpp gets on', () => {
  const llama = { kind: 'verification', bytesTotal: 0, bytesPerSecond: null } as const
  expect(jobProgress(jobOf('a', { ...llama, remainingMs: 1500 }))).toBe(
    '1/4 chunks · 2.0 chunks/s · 0:02 left',
  )
  expect(jobProgress(jobOf('a', { ...llama, remainingMs: 60_000 }))).toBe(
    '1/4 chunks · 3.0 chunks/min · 1:00 left',
  )
})

it('counts nothing while the amount is not known', () => {
  const unknown = { kind: 'verification', tensorsTotal: 0, bytesPerSecond: null, remainingMs: null } as const
  expect(jobProgress(jobOf('a', unknown))).toBe('')
  expect(jobProgress(jobOf('a', { ...unknown, state: 'queued' }))).toBe('queued')
})
