/** Programs that take turns on one matrix, so that whatever else the machine does meets all of them. */
import { median } from './suite.ts'

/** Rounds; what is compared takes its turn in each. */
const ROUNDS = 5
/** A turn takes about this long: long enough for the clock, short enough for all formats. */
const TURN_SECONDS = 0.25
export const MOST_ROWS = 2048
const LEAST_ROWS = 8

/** What takes a turn, and on how many rows. */
export interface Turn {
  readonly rows: number
  readonly run: () => void
}

/** As many rows as one turn has time for; this also warms up code and tables. */
export function fitted(run: (rows: number) => void, leastRows = LEAST_ROWS): Turn {
  run(leastRows)
  const started = performance.now()
  run(leastRows)
  const seconds = (performance.now() - started) / 1000
  const rows = Math.round((leastRows * TURN_SECONDS) / seconds)
  const fitting = Math.min(MOST_ROWS, Math.max(leastRows, rows))
  return { rows: fitting, run: () => run(fitting) }
}

/** Median seconds of each turn over the rounds. */
export function interleaved(turns: Readonly<Record<string, Turn>>): Readonly<Record<string, number>> {
  const taken = new Map<string, number[]>(Object.keys(turns).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, { run }] of Object.entries(turns)) {
      const started = performance.now()
      run()
      taken.get(name)?.push((performance.now() - started) / 1000)
    }
  }
  return Object.fromEntries([...taken].map(([name, seconds]) => [name, median(seconds)]))
}
