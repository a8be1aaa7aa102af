import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Electron is about 110 MB; a network that needs longer than this is none. */
const FETCH_MS = 120_000

// Not called `require`: the bundler puts a constant of that name into modules that use it.
const { resolve: findModule } = createRequire(import.meta.url)

/**
 * Why no window can be opened here, or null.
 *
 * Only Linux runs without a screen as a matter of course.
 */
export function missingDisplay(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | null {
  if (platform !== 'linux' || environment['DISPLAY'] || environment['WAYLAND_DISPLAY']) return null
  return 'there is no display'
}

/** Folder of the electron package; null in an installation without it. */
export function electronPackage(): string | null {
  try {
    return dirname(findModule('electron/package.json'))
  } catch {
    return null
  }
}

/** Electron's executable, null while it has not been fetched. */
export function electronBinary(folder: string): string | null {
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  const list = join(folder, 'path.txt')
  if (!override && !existsSync(list)) return null
  const name = existsSync(list) ? readFileSync(list, 'utf8').trim() : 'electron'
  const binary = join(override ?? join(folder, 'dist'), name)
  return existsSync(binary) ? binary : null
}

/** Runs the package's own `install-electron`, quietly and for a bounded time. */
export function fetchElectron(folder: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(folder, 'install.js')], {
      stdio: 'ignore',
      signal,
      timeout: FETCH_MS,
    })
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
}

export interface WindowRun {
  /** Whether the window was shown at all. */
  readonly shown: boolean
  /** Why it ended, when it did not end well. */
  readonly failure: string | null
}

/** Opens the window and waits until it is closed. */
export function runWindow(
  binary: string,
  script: string,
  model: string | undefined,
  signal: AbortSignal,
): Promise<WindowRun> {
  const environment = { ...process.env }
  delete environment['ELECTRON_RUN_AS_NODE']
  return new Promise((resolve) => {
    let shown = false
    const child = spawn(binary, [script, ...(model === undefined ? [] : [model])], {
      // Chromium writes warnings about the machine's graphics to standard error; nobody can act on them.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: environment,
    })
    const stop = (): boolean => child.kill('SIGTERM')
    signal.addEventListener('abort', stop, { once: true })
    child.once('message', () => (shown = true))
    child.once('error', (error) => resolve({ shown, failure: error.message }))
    child.once('exit', (code, reason) => {
      const failed = code !== 0 && !signal.aborted
      resolve({ shown, failure: failed ? `it ended with ${reason ?? `exit code ${code}`}` : null })
    })
  })
}
