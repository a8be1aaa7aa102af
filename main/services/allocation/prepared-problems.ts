import type { PreparedProblem } from './prepared-problem.ts'

/** One for each of a few sliders, with and without what was changed last. */
const KEPT = 6

/** The problems that were asked for last, by what they were made from. */
export class PreparedProblems {
  /** Least recently used first. */
  readonly #problems = new Map<string, PreparedProblem>()

  find(key: string): PreparedProblem | undefined {
    const problem = this.#problems.get(key)
    if (problem) this.add(key, problem)
    return problem
  }

  add(key: string, problem: PreparedProblem): void {
    this.#problems.delete(key)
    this.#problems.set(key, problem)
    const [oldest] = this.#problems.keys()
    if (this.#problems.size > KEPT && oldest !== undefined) this.#problems.delete(oldest)
  }

  /** Drops the problems of models that are no longer open. */
  keepOnly(models: ReadonlySet<string>): void {
    for (const [key, { source }] of this.#problems) {
      if (!models.has(source.opened.id)) this.#problems.delete(key)
    }
  }
}
