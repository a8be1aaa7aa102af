import { asPlainPattern, findsPlain } from './plain-pattern.ts'
import type { PlainPattern } from './plain-pattern.ts'
import { isWordCharacter, parsePattern, PatternError } from './pattern-syntax.ts'
import type { Assertion, CharacterNode, PatternNode } from './pattern-syntax.ts'
import { Places } from './places.ts'

type Step =
  | CharacterNode
  | { readonly kind: 'assertion'; readonly holds: Assertion }
  /** Goes on at every one of these places. */
  | { readonly kind: 'fork'; readonly targets: number[] }
  | { readonly kind: 'found' }

const MAX_STEPS = 10_000

/** Steps that searches may take together. */
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
  readonly #plain: PlainPattern | null
  readonly #isAnchored: boolean

  /** @throws PatternError */
  constructor(pattern: string) {
    const node = parsePattern(pattern)
    this.#plain = asPlainPattern(node)
    this.#isAnchored = beginsAtStart(node)
    this.#emit(node)
    this.#steps.push({ kind: 'found' })
  }

  /**
   * Whether the pattern is found anywhere in a text.
   *
   * @param budget lowered by the steps taken
   * @throws PatternError when the budget is used up
   */
  search(text: string, budget: SearchBudget): boolean {
    spend(budget)
    if (this.#plain) return findsPlain(this.#plain, text)
    let now = new Places(this.#steps.length)
    let next = new Places(this.#steps.length)
    for (let at = 0; at <= text.length; at += 1) {
      if (at === 0 || !this.#isAnchored) now.add(0)
      if (this.#follow(now, next, text, at, budget)) return true
      if (next.count === 0 && this.#isAnchored) return false
      now.clear()
      ;[now, next] = [next, now]
    }
    return false
  }

  /** Goes on from every place of `now` with one letter, to `next`; true where the pattern is found already. */
  #follow(now: Places, next: Places, text: string, at: number, budget: SearchBudget): boolean {
    const code = text.charCodeAt(at)
    for (let index = 0; index < now.count; index += 1) {
      spend(budget)
      const place = now.at(index)
      const step = this.#steps[place]
      if (step?.kind === 'found') return true
      if (step?.kind === 'character' && step.accepts(code)) next.add(place + 1)
      if (step?.kind === 'assertion' && holds(step.holds, text, at)) now.add(place + 1)
      if (step?.kind === 'fork') for (const target of step.targets) now.add(target)
    }
    return false
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

function spend(budget: SearchBudget): void {
  budget.steps -= 1
  if (budget.steps < 0) throw new PatternError('the patterns take too long to search')
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
