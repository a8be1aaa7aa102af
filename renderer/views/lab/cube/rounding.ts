/**
 * Rounding of a direction to a scaled code vector, in two ways.
 *
 * @see the README of compilade/rounding-experiments for the pictures; `optimal/README.md` of the engine for the proof
 */
import { isSymmetric } from './level-sets.ts'
import type { Vector } from './vectors.ts'

export type RoundingName = 'best' | 'absmax'

/** A rounding writes its answer into itself: pictures ask millions of times. */
export interface Rounding {
  /** Three levels. */
  readonly code: Int32Array
  /** Sign of the scale: the code stands for the direction `sign * code`. */
  readonly sign: 1 | -1
  round(x: number, y: number, z: number): void
}

/** Levels met by a component of one sign while the scale shrinks, and where each step is taken. */
interface Path {
  readonly levels: readonly number[]
  /** |component| / |scale| at which the next level is nearer; one less than there are levels. */
  readonly steps: readonly number[]
}

function midpoints(levels: readonly number[]): number[] {
  return levels.slice(1).map((level, index) => (level + (levels[index] as number)) / 2)
}

function pathUp(levels: readonly number[]): Path {
  const steps = midpoints(levels).filter((middle) => middle > 0)
  return { levels: levels.slice(levels.length - steps.length - 1), steps }
}

function pathDown(levels: readonly number[]): Path {
  const mirrored = pathUp(levels.map((level) => -level).reverse())
  return { ...mirrored, levels: mirrored.levels.map((level) => -level + 0) }
}

/**
 * The code with the least angle.
 *
 * The scale runs from infinity to 0, and every code met on the way is scored by its cosine. The best code is among
 * them: it is what rounding gives at its own least-squares scale. A scale of the other sign is tried where it matters.
 */
class BestRounding implements Rounding {
  readonly code = new Int32Array(3)
  sign: 1 | -1 = 1
  readonly #signs: readonly (1 | -1)[]
  readonly #up: Path
  readonly #down: Path
  readonly #vector = new Float64Array(3)
  readonly #paths: Path[] = []
  readonly #places = new Int32Array(3)
  readonly #current = new Int32Array(3)
  readonly #next = new Float64Array(3)
  #score = 0

  constructor(levels: readonly number[]) {
    this.#up = pathUp(levels)
    this.#down = pathDown(levels)
    this.#signs = isSymmetric(levels) ? [1] : [1, -1]
  }

  round(x: number, y: number, z: number): void {
    this.#score = -1
    for (const sign of this.#signs) {
      this.#vector[0] = sign * x
      this.#vector[1] = sign * y
      this.#vector[2] = sign * z
      this.#sweep(sign)
    }
  }

  #sweep(sign: 1 | -1): void {
    for (let i = 0; i < 3; i += 1) this.#start(i)
    this.#keepBetter(sign)
    for (;;) {
      const first = this.#soonest()
      if (this.#next[first] === Infinity) return
      this.#step(first)
      this.#keepBetter(sign)
    }
  }

  #start(i: number): void {
    const path = (this.#vector[i] as number) < 0 ? this.#down : this.#up
    this.#paths[i] = path
    this.#enter(i, path, 0)
  }

  #step(i: number): void {
    this.#enter(i, this.#paths[i] as Path, (this.#places[i] as number) + 1)
  }

  #enter(i: number, path: Path, place: number): void {
    this.#places[i] = place
    this.#current[i] = path.levels[place] as number
    const step = path.steps[place]
    const size = Math.abs(this.#vector[i] as number)
    this.#next[i] = step === undefined || size === 0 ? Infinity : step / size
  }

  /** The component whose next step comes at the largest scale. */
  #soonest(): number {
    const next = this.#next
    const [x, y, z] = [next[0] as number, next[1] as number, next[2] as number]
    if (x <= y) return x <= z ? 0 : 2
    return y <= z ? 1 : 2
  }

  #keepBetter(sign: 1 | -1): void {
    const current = this.#current
    const vector = this.#vector
    const [a, b, c] = [current[0] as number, current[1] as number, current[2] as number]
    const dot = a * (vector[0] as number) + b * (vector[1] as number) + c * (vector[2] as number)
    // Only a positive least-squares scale belongs to this sign.
    if (dot <= 0) return
    const score = (dot * dot) / (a * a + b * b + c * c)
    if (score <= this.#score) return
    this.#score = score
    this.code.set(current)
    this.sign = sign
  }
}

/** The level furthest from 0, which absmax rounding gives to the largest component; the positive one of two. */
export function longestLevel(levels: readonly number[]): number {
  const [lowest = 0, highest = 0] = [levels[0], levels.at(-1)]
  return Math.abs(lowest) > Math.abs(highest) ? lowest : highest
}

/** What most code does: the largest component gets the level furthest from 0, and the scale follows from that. */
class AbsmaxRounding implements Rounding {
  readonly code = new Int32Array(3)
  readonly sign: 1 | -1
  readonly #levels: readonly number[]
  readonly #middles: readonly number[]
  readonly #longest: number

  constructor(levels: readonly number[]) {
    this.#levels = levels
    this.#middles = midpoints(levels)
    this.#longest = longestLevel(levels)
    this.sign = this.#longest < 0 ? -1 : 1
  }

  /** @param x the largest component, positive */
  round(x: number, y: number, z: number): void {
    this.code[0] = this.#longest
    this.code[1] = this.#nearest((y / x) * this.#longest)
    this.code[2] = this.#nearest((z / x) * this.#longest)
  }

  #nearest(value: number): number {
    let place = 0
    while (value > (this.#middles[place] ?? Infinity)) place += 1
    return this.#levels[place] as number
  }
}

export function createRounding(name: RoundingName, levels: readonly number[]): Rounding {
  return name === 'best' ? new BestRounding(levels) : new AbsmaxRounding(levels)
}

/** The direction that a rounding's last answer stands for, in whole numbers. */
export function directionOf({ code, sign }: Rounding): Vector {
  return [sign * (code[0] as number), sign * (code[1] as number), sign * (code[2] as number)]
}
