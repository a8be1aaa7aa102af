import { expect, it } from 'vitest'
import { ProgressMeter } from '../../../main/services/jobs/progress-meter.ts'

function meterWithClock() {
  const clock = { now: 0 }
  return { clock, meter: new ProgressMeter(() => clock.now) }
}

it('knows no rate before two pieces are finished', () => {
  const { clock, meter } = meterWithClock()
  meter.plan(new Map([['a', 1000]]))
  clock.now = 500
  meter.finish('a', 100)
  expect([meter.bytesDone, meter.bytesTotal, meter.bytesPerSecond, meter.remainingMs]).toEqual([
    100,
    1000,
    null,
    null,
  ])
})

it('leaves the start of the threads out of the rate', () => {
  const { clock, meter } = meterWithClock()
  meter.plan(new Map([['a', 1000]]))
  clock.now = 5000
  meter.finish('a', 100)
  clock.now = 5100
  meter.finish('a', 100)
  expect(meter.bytesPerSecond).toBe(1000)
  expect(meter.remainingMs).toBe(800)
})

it('takes the remaining time from each kind`s own speed', () => {
  const { clock, meter } = meterWithClock()
  meter.plan(
    new Map([
      ['fast', 1000],
      ['slow', 1000],
    ]),
  )
  meter.finish('fast', 0)
  clock.now = 100
  meter.finish('fast', 500)
  clock.now = 1100
  meter.finish('slow', 100)
  // 500 bytes at 5 a millisecond, 900 bytes at a tenth.
  expect(meter.remainingMs).toBeCloseTo(100 + 9000)
})

it('takes a kind it has not met to be as fast as the others', () => {
  const { clock, meter } = meterWithClock()
  meter.plan(
    new Map([
      ['a', 100],
      ['b', 300],
    ]),
  )
  meter.finish('a', 0)
  clock.now = 50
  meter.finish('a', 100)
  expect(meter.remainingMs).toBeCloseTo(150)
})

it('counts skipped work as done without calling it fast', () => {
  const { clock, meter } = meterWithClock()
  meter.plan(new Map([['a', 1000]]))
  meter.skip('a', 600)
  meter.finish('a', 0)
  clock.now = 100
  meter.finish('a', 100)
  expect(meter.bytesDone).toBe(700)
  expect(meter.bytesPerSecond).toBe(1000)
  expect(meter.remainingMs).toBeCloseTo(300)
})

it('leaves a pause out of the rate', () => {
  const { clock, meter } = meterWithClock()
  meter.plan(new Map([['a', 1000]]))
  meter.finish('a', 0)
  clock.now = 100
  meter.finish('a', 100)
  clock.now = 60_100
  meter.restart()
  meter.finish('a', 100)
  clock.now = 60_200
  meter.finish('a', 100)
  expect(meter.bytesPerSecond).toBe(1000)
  expect(meter.remainingMs).toBeCloseTo(700)
})
