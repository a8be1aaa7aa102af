import { resolve } from 'node:path'
import { printable } from './printable.ts'
import { Progress } from './progress.ts'
import type { ProgramFiles } from './program-files.ts'

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: true
  readonly quiet?: true
  readonly threads: number
  readonly native: boolean
}

/** What a command works with, besides its own arguments. */
export interface Context {
  readonly files: ProgramFiles
  readonly json: boolean
  readonly threads: number
  readonly useNative: boolean
  /** Aborted by Ctrl+C. */
  readonly signal: AbortSignal
  readonly progress: Progress
  /** Absolute path of an argument. */
  resolve(path: string): string
  /** Prints the result: the document with `--json`, the text for people otherwise. */
  print(document: unknown, text: () => string): void
  /** A remark for people, on standard error; the same one only once. */
  remark(text: string): void
}

export function createContext(files: ProgramFiles, options: GlobalOptions, signal: AbortSignal): Context {
  const quiet = options.quiet ?? false
  const json = options.json ?? false
  const remarked = new Set<string>()
  return {
    files,
    json,
    threads: options.threads,
    useNative: options.native,
    signal,
    progress: new Progress(process.stderr, quiet),
    resolve: (path) => resolve(workingFolder(), path),
    print(document, text) {
      process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : `${text().trimEnd()}\n`)
    },
    remark(text) {
      if (quiet || remarked.has(text)) return
      remarked.add(text)
      process.stderr.write(`${printable(text)}\n`)
    },
  }
}

/** npm runs scripts in the project's folder; paths on its command line are meant from where the user stands. */
export function workingFolder(): string {
  const startedFrom = process.env['INIT_CWD']
  const throughNpm = process.env['npm_lifecycle_event'] === 'quantaloupe'
  return throughNpm && startedFrom ? startedFrom : process.cwd()
}
