import type { CoreGroup, CoreStep } from './core.ts'

/** Steps to each side that are weighed one by one; beyond them the last slope goes on, which is still a bound. */
const MAX_STEPS = 64

interface OwnedStep extends CoreStep {
  /** Place of its group in the core. */
  readonly owner: number
}

/** The hull steps of a core, for bounds on what its undecided groups can still bring about. */
export class CompletionBounds {
  readonly #up: readonly OwnedStep[]
  readonly #down: readonly OwnedStep[]

  constructor(core: readonly CoreGroup[]) {
    this.#up = owned(core.map((group) => group.up)).sort((a, b) => b.slope - a.slope)
    this.#down = owned(core.map((group) => group.down)).sort((a, b) => a.slope - b.slope)
  }

  /** @param decided how many groups, from the first on, are decided */
  after(decided: number): CompletionBound {
    return new CompletionBound(open(this.#up, decided), open(this.#down, decided))
  }
}

/**
 * The least damage that undecided groups can bring about when steps may be taken in part: a convex piecewise linear
 * function of the bytes that are left.
 */
export class CompletionBound {
  /** Ends of the pieces, rising from the most bytes to be saved to the most that can be used. */
  readonly #slack = new Float64Array(2 * MAX_STEPS + 1)
  readonly #damage = new Float64Array(2 * MAX_STEPS + 1)
  /** Change of damage per byte right of each end. */
  readonly #slope = new Float64Array(2 * MAX_STEPS + 1)
  #ends = 0
  readonly #beyondSlope: number
  #piece = 0

  constructor(up: readonly CoreStep[], down: readonly CoreStep[]) {
    // Both sides are summed from no change outwards, so that small changes are exact.
    const pieces: { readonly slack: number; readonly damage: number; readonly slope: number }[] = []
    let [slack, damage] = [0, 0]
    for (const step of down.slice(0, MAX_STEPS)) {
      slack -= step.bytes
      damage += step.damage
      pieces.push({ slack, damage, slope: -step.slope })
    }
    this.#beyondSlope = down.length > MAX_STEPS ? (down[MAX_STEPS - 1]?.slope ?? 0) : Infinity
    for (const piece of pieces.reverse()) this.#push(piece.slack, piece.damage, piece.slope)
    ;[slack, damage] = [0, 0]
    for (const step of up.slice(0, MAX_STEPS)) {
      this.#push(slack, damage, -step.slope)
      slack += step.bytes
      damage -= step.damage
    }
    this.#push(slack, damage, up.length > MAX_STEPS ? -(up[MAX_STEPS]?.slope ?? 0) : 0)
  }

  #push(slack: number, damage: number, slope: number): void {
    this.#slack[this.#ends] = slack
    this.#damage[this.#ends] = damage
    this.#slope[this.#ends] = slope
    this.#ends++
  }

  /**
   * Looks near the piece of the last call: quick for rising or falling arguments.
   *
   * @param slack bytes left; negative when so many are to be saved
   * @returns change of damage, negative for an improvement; Infinity when the bytes can not be saved
   */
  of(slack: number): number {
    let piece = this.#piece
    while (piece > 0 && slack < (this.#slack[piece] ?? 0)) piece--
    while (piece + 1 < this.#ends && slack >= (this.#slack[piece + 1] ?? 0)) piece++
    this.#piece = piece
    const more = slack - (this.#slack[piece] ?? 0)
    if (more === 0) return this.#damage[piece] ?? 0
    return (this.#damage[piece] ?? 0) + (more > 0 ? (this.#slope[piece] ?? 0) : -this.#beyondSlope) * more
  }
}

function owned(steps: readonly (readonly CoreStep[])[]): OwnedStep[] {
  return steps.flatMap((group, owner) => group.map((step) => ({ ...step, owner })))
}

/** Steps of undecided groups, one more than are weighed. */
function open(steps: readonly OwnedStep[], decided: number): OwnedStep[] {
  const found: OwnedStep[] = []
  for (const step of steps) {
    if (step.owner < decided) continue
    found.push(step)
    if (found.length > MAX_STEPS) break
  }
  return found
}
