import koffi from 'koffi'
import type { Pointer } from './functions.ts'

/** `GGML_LOG_LEVEL_ERROR`, and the level of a line's continuation. */
const [ERROR, CONTINUED] = [4, 5]

/** More of them is a loop. */
const MAX_LENGTH = 2000

const logCallback = koffi.pointer(koffi.proto('void quantaloupe_log(int level, str text, void *data)'))

/** The errors that llama.cpp logs: its return values only say that something failed. */
export class Complaints {
  #text = ''
  #level = 0
  readonly callback: Pointer = koffi.register(
    (level: number, text: string) => this.#write(level, text),
    logCallback,
  )

  #write(level: number, text: string): void {
    if (level !== CONTINUED) this.#level = level
    if (this.#level === ERROR && this.#text.length < MAX_LENGTH) this.#text += text
  }

  /** What was logged since the last call, in one line. */
  take(): string {
    const lines = this.#text.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim())
    this.#text = ''
    return lines.filter((line) => line !== '').join('; ')
  }
}
