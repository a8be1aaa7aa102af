import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import type * as Electron from './electron.ts'
import type { FakeContents, FakeFrame } from './electron.ts'
import { ROOT } from './imports.ts'

export type FakeElectron = typeof Electron

export interface StartOptions {
  /** Operands after the script. */
  readonly operands?: readonly string[]
  readonly lockGranted?: boolean
  readonly isPackaged?: boolean
}

/** The Electron host with real services and a recorded Electron. */
export interface TestApplication {
  readonly electron: FakeElectron
  readonly folder: string
  readonly window: InstanceType<FakeElectron['BrowserWindow']>
  readonly contents: FakeContents
  /** Calls a method as a frame would; our own main frame when none is given. */
  readonly call: (method: unknown, request: unknown, frame?: FakeFrame | null) => Promise<unknown>
  close(): Promise<void>
}

/** Starts the application in a fresh set of modules, so that tests share no listeners. */
export async function startApplication(options: StartOptions = {}): Promise<TestApplication> {
  vi.resetModules()
  const folder = mkdtempSync(join(tmpdir(), 'quantaloupe-app-'))
  const windowFolder = join(folder, 'window')
  mkdirSync(join(windowFolder, 'assets'), { recursive: true })
  writeFileSync(join(windowFolder, 'index.html'), '<!doctype html><title>window</title>')
  writeFileSync(join(windowFolder, 'assets', 'index.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), 'not for the page')
  vi.stubEnv('QUANTALOUPE_HOME', join(folder, 'data'))
  const electron = (await import('electron')) as unknown as FakeElectron
  electron.app.lockGranted = options.lockGranted ?? true
  electron.app.isPackaged = options.isPackaged ?? false
  const command = options.isPackaged ? ['quantaloupe'] : ['electron', 'out/main/index.js']
  const before = process.argv
  process.argv = [...command, ...(options.operands ?? [])]
  const { Application } = await import('../../main/app/application.ts')
  await new Application({
    engineWorker: new URL(`file://${ROOT}/main/workers/engine-worker.ts`),
    llamaProcess: new URL(`file://${ROOT}/main/llama/llama-process.ts`),
    preload: '/built/preload/index.cjs',
    window: windowFolder,
    developmentUrl: undefined,
  }).start()
  process.argv = before
  const created = electron.BrowserWindow.created
  return {
    electron,
    folder,
    get window() {
      return created.at(-1)!
    },
    get contents() {
      return created.at(-1)!.webContents
    },
    call(method, request, frame = created.at(-1)!.webContents.mainFrame) {
      const handler = electron.ipcMain.handlers.get('quantaloupe:call') as (
        ...parameters: unknown[]
      ) => unknown
      return Promise.resolve().then(() => handler({ senderFrame: frame }, method, request))
    },
    async close() {
      electron.app.quit()
      if (created.length > 0)
        await vi.waitFor(() => electron.app.quits > 0 || Promise.reject(new Error('open')))
      vi.unstubAllEnvs()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
