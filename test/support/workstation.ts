import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { _electron, type Browser, type Page } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import { ROOT } from './imports.ts'

/** Hosts that this machine can run the window in. Electron's binary is fetched on first use, so it may be absent. */
export const HOSTS: readonly HostKind[] = existsSync(join(ROOT, 'node_modules/electron/path.txt'))
  ? ['browser', 'electron']
  : ['browser']

export type HostKind = 'browser' | 'electron'

export interface WorkstationOptions {
  /** Folder the browser host may see. */
  readonly root: string
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  /** Kept at the end, so that a second workstation goes on where this one stopped; a new folder when absent. */
  readonly dataFolder?: string
}

/** The built window with its real host, data in a folder of its own. */
export interface Workstation {
  readonly kind: HostKind
  readonly page: Page
  /** Errors that the page logged. */
  readonly problems: readonly string[]
  close(): Promise<void>
  /** Ends the host with SIGKILL, as a crash or a power cut would. Only the browser host. */
  kill(): Promise<void>
}

/** Less than a test has, so that the failure names the step that hangs. */
const STEP_TIMEOUT_MS = 45_000

const CLI = join(ROOT, 'out/main/cli.js')

export async function openWorkstation(kind: HostKind, options: WorkstationOptions): Promise<Workstation> {
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'quantaloupe-data-'))
  const started =
    kind === 'browser' ? await inBrowser(options, dataFolder) : await inElectron(options, dataFolder)
  started.page.setDefaultTimeout(STEP_TIMEOUT_MS)
  const problems = watch(started.page)
  return {
    kind,
    page: started.page,
    problems,
    async close() {
      await started.close('SIGTERM')
      if (options.dataFolder === undefined) rmSync(dataFolder, { recursive: true, force: true })
    },
    kill: () => started.close('SIGKILL'),
  }
}

function watch(page: Page): string[] {
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  return problems
}

interface Started {
  readonly page: Page
  close(signal: NodeJS.Signals): Promise<void>
}

async function inBrowser(options: WorkstationOptions, dataFolder: string): Promise<Started> {
  const server = await serve(options.root, dataFolder)
  const browser = await launchBrowser()
  const page = await newPage(browser, options)
  await page.goto(server.address)
  return {
    page,
    async close(signal) {
      await browser.close()
      await stop(server.child, signal)
    },
  }
}

function newPage(browser: Browser, options: WorkstationOptions): Promise<Page> {
  const viewport = { width: options.width ?? 1280, height: options.height ?? 800 }
  return browser.newPage({ viewport, colorScheme: options.colorScheme ?? 'light' })
}

async function inElectron(options: WorkstationOptions, dataFolder: string): Promise<Started> {
  const env = { ...process.env, QUANTALOUPE_HOME: dataFolder } as Record<string, string>
  const app = await _electron.launch({
    args: [join(ROOT, 'out/main/index.js')],
    env,
    ...(options.colorScheme && { colorScheme: options.colorScheme }),
  })
  return { page: await app.firstWindow(), close: () => app.close() }
}

/** Drags files from the file manager onto the middle of the window, as the operating system would. */
export async function dropFiles(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 800 }
  const drag = { x: width / 2, y: height / 2, data: { items: [], files: [...paths], dragOperationsMask: 1 } }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...drag })
  }
  await session.detach()
}

export interface Server {
  readonly child: ChildProcess
  readonly address: string
}

/** Starts `serve` as its own process and waits for the printed address. */
export async function serve(root: string, dataFolder: string): Promise<Server> {
  const child = spawn(process.execPath, [CLI, 'serve', '--root', root], {
    env: { ...process.env, QUANTALOUPE_HOME: dataFolder, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(line)?.[0]
    if (address) return { child, address }
  }
  throw new Error(`serve ended without an address (exit code ${child.exitCode})`)
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}
