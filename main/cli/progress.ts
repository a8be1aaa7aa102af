import type { WriteStream } from 'node:tty'
import { formatBytes, formatDuration } from './numbers.ts'

export interface ProgressState {
  readonly label: string
  /** 0 to 1. */
  readonly fraction: number
  readonly bytesPerSecond?: number | null
  readonly remainingMs?: number | null
}

const BAR_CELLS = 24
const PLAIN_LINE_MS = 2_000

/** Progress on standard error: a bar on a terminal, now and then a plain line elsewhere, nothing when quiet. */
export class Progress {
  readonly #stream: WriteStream
  readonly #quiet: boolean
  #lastLineMs = -Infinity
  #hasBar = false

  constructor(stream: WriteStream, quiet: boolean) {
    this.#stream = stream
    this.#quiet = quiet
  }

  show(state: ProgressState): void {
    if (this.#quiet) return
    if (this.#stream.isTTY) this.#showBar(state)
    else this.#showLine(state)
  }

  /** Clears the bar; the terminal belongs to the result again. */
  end(): void {
    if (this.#hasBar) this.#stream.write('\r\x1b[2K')
    this.#hasBar = false
  }

  #showBar(state: ProgressState): void {
    const full = Math.round(state.fraction * BAR_CELLS)
    const bar = '#'.repeat(full) + '-'.repeat(BAR_CELLS - full)
    const text = `[${bar}] ${describe(state)}`
    // A line longer than the terminal would wrap, and `\r` would no longer reach its start.
    this.#stream.write(`\r\x1b[2K${text.slice(0, this.#stream.columns - 1)}`)
    this.#hasBar = true
  }

  #showLine(state: ProgressState): void {
    if (performance.now() - this.#lastLineMs < PLAIN_LINE_MS) return
    this.#lastLineMs = performance.now()
    this.#stream.write(`${describe(state)}\n`)
  }
}

function describe({ label, fraction, bytesPerSecond, remainingMs }: ProgressState): string {
  const parts = [`${label} ${Math.floor(fraction * 100)} %`]
  if (bytesPerSecond) parts.push(`${formatBytes(bytesPerSecond)}/s`)
  if (remainingMs !== null && remainingMs !== undefined) parts.push(`${formatDuration(remainingMs)} left`)
  return parts.join(' · ')
}
