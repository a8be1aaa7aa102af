import { QuantaloupeError } from '../engine/errors.ts'

/**
 * A job's shared switch and odometer.
 *
 * Layout: i32 state, i32 unused, i64 weights done. Workers look at it once a row.
 */
const RUN = 0
const PAUSE = 1
const CANCEL = 2

export function createControl(): SharedArrayBuffer {
  return new SharedArrayBuffer(16)
}

function setState(control: SharedArrayBuffer, state: number): void {
  const words = new Int32Array(control, 0, 1)
  Atomics.store(words, 0, state)
  Atomics.notify(words, 0)
}

export const pauseControl = (control: SharedArrayBuffer): void => setState(control, PAUSE)
export const resumeControl = (control: SharedArrayBuffer): void => setState(control, RUN)
export const cancelControl = (control: SharedArrayBuffer): void => setState(control, CANCEL)

export function weightsDone(control: SharedArrayBuffer): number {
  return Number(Atomics.load(new BigInt64Array(control, 8, 1), 0))
}

/** The worker's side: sleeps while paused, throws `CANCELLED`, counts. */
export class ControlView {
  readonly #state: Int32Array
  readonly #done: BigInt64Array

  constructor(control: SharedArrayBuffer) {
    this.#state = new Int32Array(control, 0, 1)
    this.#done = new BigInt64Array(control, 8, 1)
  }

  /** @throws QuantaloupeError `CANCELLED` */
  check(): void {
    while (Atomics.load(this.#state, 0) === PAUSE) Atomics.wait(this.#state, 0, PAUSE)
    if (Atomics.load(this.#state, 0) === CANCEL)
      throw new QuantaloupeError('CANCELLED', 'The job was cancelled')
  }

  advance(weights: number): void {
    Atomics.add(this.#done, 0, BigInt(weights))
  }
}
