import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Throttle } from '../../../main/services/jobs/throttle.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function countingThrottle() {
  const calls: number[] = []
  return { calls, throttle: new Throttle(100, () => calls.push(performance.now())) }
}

it('acts at once, then at most once per interval, and never forgets the last request', () => {
  const { calls, throttle } = countingThrottle()
  const start = performance.now()
  for (let i = 0; i < 25; i += 1) {
    throttle.request()
    vi.advanceTimersByTime(10)
  }
  vi.advanceTimersByTime(1000)
  expect(calls.map((at) => at - start)).toEqual([0, 100, 200, 300])
})

it('acts at once when flushed, and only then for the requests before', () => {
  const { calls, throttle } = countingThrottle()
  throttle.request()
  throttle.request()
  throttle.flush()
  vi.advanceTimersByTime(1000)
  expect(calls).toHaveLength(2)
})
