/**
 * Bytes of f32 of each kind of work a job has to do; a kind is a set of formats, a copy, ...
 *
 * A meter of llama.cpp's work counts chunks of text instead of bytes.
 */
export type Workload = ReadonlyMap<string, number>

/** Longest stretch of the recent past that the rate is taken from. */
const WINDOW_MS = 10_000

interface Speed {
  elapsedMs: number
  bytes: number
}

/**
 * Progress, rate and remaining time of one job.
 *
 * The time between two finished pieces is put down to the later one's kind, so the speeds of all kinds together
 * account for the whole time with all threads at work. Paused time does not count.
 */
export class ProgressMeter {
  readonly #now: () => number
  readonly #remaining = new Map<string, number>()
  readonly #speeds = new Map<string, Speed>()
  #recent: { readonly atMs: number; readonly bytes: number }[] = []
  /** When the last piece was finished; null where the time before it says nothing: threads start, a pause ends. */
  #lastMs: number | null = null
  #done = 0
  #skipped = 0
  #total = 0

  /** @param now milliseconds on a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  get bytesDone(): number {
    return this.#done + this.#skipped
  }

  get bytesTotal(): number {
    return this.#total
  }

  plan(workload: Workload): void {
    for (const [kind, bytes] of workload) {
      this.#remaining.set(kind, (this.#remaining.get(kind) ?? 0) + bytes)
      this.#total += bytes
    }
  }

  /** Work that turned out to be done already; it says nothing about speed. */
  skip(kind: string, bytes: number): void {
    this.#skipped += bytes
    this.#reduce(kind, bytes)
  }

  finish(kind: string, bytes: number): void {
    const now = this.#now()
    if (this.#lastMs !== null) this.#time(kind, now - this.#lastMs, bytes)
    this.#recent.push({ atMs: now, bytes: this.#lastMs === null ? 0 : bytes })
    this.#lastMs = now
    this.#done += bytes
    this.#reduce(kind, bytes)
  }

  /** To be called after a pause. */
  restart(): void {
    this.#lastMs = null
    this.#recent = []
  }

  /** Null until two pieces are finished. */
  get bytesPerSecond(): number | null {
    const now = this.#now()
    while (this.#recent.length > 2 && now - (this.#recent[0]?.atMs ?? now) > WINDOW_MS) this.#recent.shift()
    const [first, ...rest] = this.#recent
    const elapsed = now - (first?.atMs ?? now)
    if (rest.length === 0 || elapsed <= 0) return null
    return (rest.reduce((sum, piece) => sum + piece.bytes, 0) / elapsed) * 1000
  }

  /** Null until two pieces are finished. Kinds not met yet are taken to be as fast as the others. */
  get remainingMs(): number | null {
    const all = { elapsedMs: 0, bytes: 0 }
    for (const speed of this.#speeds.values()) {
      all.elapsedMs += speed.elapsedMs
      all.bytes += speed.bytes
    }
    if (all.bytes === 0) return null
    return [...this.#remaining].reduce((sum, [kind, bytes]) => {
      const speed = this.#speeds.get(kind)
      const { elapsedMs, bytes: measured } = speed && speed.bytes > 0 ? speed : all
      return sum + (bytes * elapsedMs) / measured
    }, 0)
  }

  #time(kind: string, elapsedMs: number, bytes: number): void {
    const speed = this.#speeds.get(kind) ?? { elapsedMs: 0, bytes: 0 }
    speed.elapsedMs += elapsedMs
    speed.bytes += bytes
    this.#speeds.set(kind, speed)
  }

  #reduce(kind: string, bytes: number): void {
    this.#remaining.set(kind, Math.max(0, (this.#remaining.get(kind) ?? 0) - bytes))
  }
}
