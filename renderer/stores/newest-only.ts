/**
 * Asks one question at a time; of those that come meanwhile only the newest is asked next.
 *
 * A pointer that is dragged asks faster than the host answers: the questions on the way are of no interest.
 *
 * @returns settles when the question, or the newest one that took its place, is answered
 */
export function newestOnly<T>(ask: (question: T) => Promise<void>): (question: T) => Promise<void> {
  let waiting: { readonly question: T } | null = null
  let running: Promise<void> | null = null

  async function run(): Promise<void> {
    try {
      while (waiting) {
        const { question } = waiting
        waiting = null
        await ask(question)
      }
    } finally {
      running = null
    }
  }

  return (question) => {
    waiting = { question }
    running ??= run()
    return running
  }
}
