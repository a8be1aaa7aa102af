import { isWordCharacter, parsePattern, PatternError } from './pattern-syntax.ts'
import type { Assertion, PatternNode } from './pattern-syntax.ts'

type Step =
  | { readonly kind: 'character'; readonly accepts: (code: number) => boolean }
  | { readonly kind: 'assertion'; readonly holds: Assertion }
  /** Goes on at every one of these places. */
  | { readonly kind: 'fork'; readonly targets: number[] }
  | { readonly kind: 'found' }

const MAX_STEPS = 10_000

/** Steps that a search may take; shared by the searches of one recipe. */
export interface SearchBudget {
  steps: number
}

/**
 * A pattern as a program that is in many places at once: a search takes no more steps than letters times places,
 * whatever the pattern, where one that tries alternatives in turn may take longer than anybody waits.
 *
 * @see Thompson, Regular expression search algorithm, 1968
 */
export class PatternProgram {
  readonly #steps: Step[] = []
  readonly #isAnchored: boolean

  /** @throws PatternError */
  constructor(pattern: string) {
    const node = parsePattern(pattern)
    this.#emit(node)
    this.#steps.push({ kind: 'found' })
    this.#isAnchored = beginsAtStart(node)
  }

  /**
   * Whether the pattern is found anywhere in a text.
   *
   * @param budget lowered by the steps taken
   * @throws PatternError when the budget is used up
   */
  search(text: string, budget: SearchBudget): boolean {
    let places: number[] = []
    for (let at = 0; at <= text.length; at += 1) {
      const starts = at === 0 || !this.#isAnchored ? [...places, 0] : places
      const reached = this.#follow(starts, text, at, budget)
      if (reached === 'found') return true
      if (reached.length === 0 && this.#isAnchored) return false
      places = this.#advance(reached, text.charCodeAt(at))
    }
    return false
  }

  /** The places that wait for a letter, reached from others without one. */
  #follow(starts: readonly number[], text: string, at: number, budget: SearchBudget): number[] | 'found' {
    const seen = new Set<number>()
    const pending = [...starts]
    const waiting: number[] = []
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      if (seen.has(place)) continue
      seen.add(place)
      budget.steps -= 1
      if (budget.steps < 0) throw new PatternError('the patterns take too long to search')
      const step = this.#steps[place]
      if (step?.kind === 'found') return 'found'
      if (step?.kind === 'character') waiting.push(place)
      else if (step?.kind === 'fork') pending.push(...step.targets)
      else if (step && holds(step.holds, text, at)) pending.push(place + 1)
    }
    return waiting
  }

  #advance(places: readonly number[], code: number): number[] {
    return places
      .filter((place) => {
        const step = this.#steps[place]
        return step?.kind === 'character' && step.accepts(code)
      })
      .map((place) => place + 1)
  }

  #emit(node: PatternNode): void {
    if (this.#steps.length > MAX_STEPS) throw new PatternError('the pattern is too large')
    if (node.kind === 'sequence') for (const part of node.parts) this.#emit(part)
    else if (node.kind === 'choice') this.#emitChoice(node.options)
    else if (node.kind === 'repeat') this.#emitRepeat(node.part, node.least, node.most)
    else this.#steps.push(node)
  }

  #emitChoice(options: readonly PatternNode[]): void {
    const entry = this.#fork()
    const exits = options.map((option) => {
      entry.targets.push(this.#steps.length)
      this.#emit(option)
      return this.#fork()
    })
    for (const exit of exits) exit.targets.push(this.#steps.length)
  }

  #emitRepeat(part: PatternNode, least: number, most: number): void {
    for (let i = 0; i < least; i += 1) this.#emit(part)
    if (most === Infinity) {
      const again = this.#steps.length
      const entry = this.#fork()
      entry.targets.push(this.#steps.length)
      this.#emit(part)
      this.#fork().targets.push(again)
      entry.targets.push(this.#steps.length)
      return
    }
    const entries = Array.from({ length: most - least }, () => {
      const entry = this.#fork()
      entry.targets.push(this.#steps.length)
      this.#emit(part)
      return entry
    })
    for (const entry of entries) entry.targets.push(this.#steps.length)
  }

  #fork(): { readonly targets: number[] } {
    const fork = { kind: 'fork', targets: [] as number[] } as const
    this.#steps.push(fork)
    return fork
  }
}

function holds(assertion: Assertion, text: string, at: number): boolean {
  if (assertion === 'start') return at === 0
  if (assertion === 'end') return at === text.length
  return isWordCharacter(text.charCodeAt(at - 1)) !== isWordCharacter(text.charCodeAt(at))
}

function beginsAtStart(node: PatternNode): boolean {
  if (node.kind === 'sequence') return node.parts[0] !== undefined && beginsAtStart(node.parts[0])
  return node.kind === 'assertion' && node.holds === 'start'
}
