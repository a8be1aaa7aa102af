import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './imports.ts'

export const SAMPLE = join(ROOT, 'test/models/novelist-7m/novelist-7m-f16.gguf')

const SOURCE_ENTRY = join(ROOT, 'main/cli/index.ts')
export const BUILT_ENTRY = join(ROOT, 'out/main/cli.js')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves with the first match in what was printed so far, on either stream. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>
}

/** A temporary folder with a data folder of its own, and the command line run in it as a real process. */
export class CommandLine {
  readonly folder = mkdtempSync(join(tmpdir(), 'quantaloupe-cli-'))
  readonly data = join(this.folder, 'data')
  readonly #entry: string

  constructor(entry: string = SOURCE_ENTRY) {
    this.#entry = entry
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  run(...args: readonly string[]): Promise<Ended> {
    return this.start(args).ended
  }

  /** Runs a command with `--json` and gives the document. */
  async json(...args: readonly string[]): Promise<unknown> {
    const { code, stdout, stderr } = await this.run(...args, '--json')
    if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
    return JSON.parse(stdout)
  }

  start(
    args: readonly string[],
    { env = {}, node = [] }: { env?: Record<string, string>; node?: readonly string[] } = {},
  ): Running {
    const child = spawn(process.execPath, [...node, this.#entry, ...args], {
      cwd: this.folder,
      env: { ...environment(), QUANTALOUPE_HOME: this.data, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return watch(child)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The machine's environment without what changes the command line's behaviour. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, SystemRoot, TEMP } = process.env
  return { PATH, HOME, TMPDIR, SystemRoot, TEMP }
}

function watch(child: ChildProcess): Running {
  const text = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...text }))
  })
  const printed = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(text.stdout) ?? pattern.exec(text.stderr)
        if (match) resolve(match)
      }
      listeners.add(look)
      look()
      void ended.then(({ code }) => reject(new Error(`ended with ${code} before ${pattern}: ${text.stderr}`)))
    })
  return { child, ended, printed }
}
