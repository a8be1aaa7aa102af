import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { app, type BrowserWindow } from 'electron'
import { dataFolder } from '../services/data-folder.ts'
import { createServices, type Services } from '../services/index.ts'
import { createDialogs } from './dialogs.ts'
import { guardContents } from './guards.ts'
import { forwardEvents, openGate, sendEvent } from './ipc.ts'
import { installMenu } from './menu.ts'
import { modelArgument } from './model-argument.ts'
import { createWindow, loadWindow } from './window.ts'
import { declareScheme, serveWindow } from './window-protocol.ts'

/** Where the built parts are; known to the entry alone. */
export interface ApplicationFiles {
  readonly engineWorker: URL
  readonly llamaProcess: URL
  /** Path of the preload script. */
  readonly preload: string
  /** Folder of the built window. */
  readonly window: string
  /** Address of the development server, while there is one. */
  readonly developmentUrl: string | undefined
}

/** The desktop application: one process, one window, one set of services. */
export class Application {
  readonly #files: ApplicationFiles
  #window: BrowserWindow | null = null
  #services: Services | null = null
  /** Named before there was a window to tell. */
  #initialModel: string | null
  #ending: 'no' | 'closing' | 'closed' = 'no'

  constructor(files: ApplicationFiles) {
    this.#files = files
    this.#initialModel = modelArgument(process.argv, process.cwd(), app.isPackaged)
  }

  /** Starts, or hands over to the instance that runs already and ends. */
  async start(): Promise<void> {
    const data = dataFolder()
    // Electron's own state beside ours; the lock below belongs to this folder.
    app.setPath('userData', join(data, 'electron'))
    if (!app.requestSingleInstanceLock()) {
      app.quit()
      return
    }
    declareScheme()
    this.#listen()
    await app.whenReady()
    guardContents(this.#files.developmentUrl)
    serveWindow(this.#files.window)
    this.#startServices(data)
    installMenu(
      (command) => sendEvent(this.#window, 'command', { command }),
      process.platform,
      app.isPackaged,
    )
    await this.#open()
  }

  #listen(): void {
    app.on('second-instance', (_event, argv, folder) => {
      this.#show()
      const model = modelArgument(argv, folder, app.isPackaged)
      if (model !== null) this.#openPath(model)
    })
    // macOS: a file dropped on the icon or double-clicked, maybe before the window is there.
    app.on('open-file', (event, path) => {
      event.preventDefault()
      this.#openPath(path)
    })
    app.on('activate', () => {
      if (this.#window === null && this.#services !== null) void this.#open()
    })
    app.on('window-all-closed', () => {
      if (process.platform !== 'darwin') app.quit()
    })
    app.on('before-quit', (event) => this.#quit(event))
  }

  #startServices(data: string): void {
    const current = (): BrowserWindow | null => this.#window
    this.#services = createServices({
      workerUrl: this.#files.engineWorker,
      llamaUrl: this.#files.llamaProcess,
      dataFolder: data,
      threads: availableParallelism(),
      useNative: true,
      host: 'electron',
      roots: null,
      version: app.getVersion(),
      initialModel: this.#initialModel,
      dialogs: createDialogs(current),
    })
    openGate(this.#services, current, this.#files.developmentUrl)
    forwardEvents(this.#services, current)
  }

  async #open(): Promise<void> {
    const { preload, developmentUrl } = this.#files
    this.#window = createWindow(preload)
    this.#window.once('closed', () => (this.#window = null))
    await loadWindow(this.#window, developmentUrl, () => process.send?.('shown'))
  }

  #show(): void {
    if (this.#window?.isMinimized()) this.#window.restore()
    this.#window?.focus()
  }

  #openPath(path: string): void {
    if (this.#services === null) this.#initialModel = path
    else sendEvent(this.#window, 'openPath', { path })
  }

  /** Quitting waits for the services: running jobs are stored so that they can be resumed. */
  #quit(event: { preventDefault(): void }): void {
    if (this.#services === null || this.#ending === 'closed') return
    event.preventDefault()
    if (this.#ending === 'closing') return
    this.#ending = 'closing'
    void this.#services.close().finally(() => {
      this.#ending = 'closed'
      app.quit()
    })
  }
}
