/**
 * The part of Electron's API that the application uses, recording what is done with it.
 *
 * Vitest puts this in the place of `electron`: the real package would fetch its binary when imported.
 */
import { EventEmitter } from 'node:events'
import { vi, type Mock } from 'vitest'

type Fake<Reply> = Mock<(...parameters: unknown[]) => Reply>

class FakeApp extends EventEmitter {
  isPackaged = false
  lockGranted = true
  readonly paths = new Map<string, string>()
  readonly exits: number[] = []
  quits = 0
  setPath(name: string, path: string): void {
    this.paths.set(name, path)
  }
  getVersion(): string {
    return '0.0.0-test'
  }
  requestSingleInstanceLock(): boolean {
    return this.lockGranted
  }
  whenReady(): Promise<void> {
    return Promise.resolve()
  }
  /** As Electron: asks the listeners of `before-quit`, any of which may prevent it. */
  quit(): void {
    let prevented = false
    this.emit('before-quit', { preventDefault: () => (prevented = true) })
    if (!prevented) this.quits++
  }
  exit(code: number): void {
    this.exits.push(code)
  }
}

export interface FakeFrame {
  url: string
}

export class FakeContents extends EventEmitter {
  readonly sent: unknown[][] = []
  readonly mainFrame: FakeFrame = { url: 'about:blank' }
  openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' })
  send(...message: unknown[]): void {
    this.sent.push(message)
  }
  getURL(): string {
    return this.mainFrame.url
  }
  setWindowOpenHandler(handler: FakeContents['openHandler']): void {
    this.openHandler = handler
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly created: BrowserWindow[] = []
  readonly webContents = new FakeContents()
  readonly options: Record<string, unknown>
  shown = false
  focused = false
  minimized = false
  constructor(options: Record<string, unknown>) {
    super()
    this.options = options
    BrowserWindow.created.push(this)
    app.emit('web-contents-created', {}, this.webContents)
  }
  loadURL(url: string): Promise<void> {
    this.webContents.mainFrame.url = url
    this.emit('ready-to-show')
    return Promise.resolve()
  }
  show(): void {
    this.shown = true
  }
  focus(): void {
    this.focused = true
  }
  isMinimized(): boolean {
    return this.minimized
  }
  restore(): void {
    this.minimized = false
  }
  isDestroyed(): boolean {
    return false
  }
}

type Handler = (...parameters: never[]) => unknown

class FakeIpcMain {
  readonly handlers = new Map<string, Handler>()
  handle(channel: string, handler: Handler): void {
    this.handlers.set(channel, handler)
  }
}

class FakeProtocol {
  readonly schemes: { scheme: string; privileges: Record<string, boolean> }[] = []
  readonly handlers = new Map<string, (request: Request) => Promise<Response>>()
  registerSchemesAsPrivileged(schemes: FakeProtocol['schemes']): void {
    this.schemes.push(...schemes)
  }
  handle(scheme: string, handler: (request: Request) => Promise<Response>): void {
    this.handlers.set(scheme, handler)
  }
}

type PermissionRequest = (
  contents: FakeContents | null,
  permission: string,
  answer: (yes: boolean) => void,
) => void
type PermissionCheck = (contents: FakeContents | null, permission: string) => boolean

class FakeSession {
  permissionRequest: PermissionRequest = (_contents, _permission, answer) => answer(true)
  permissionCheck: PermissionCheck = () => true
  setPermissionRequestHandler(handler: PermissionRequest): void {
    this.permissionRequest = handler
  }
  setPermissionCheckHandler(handler: PermissionCheck): void {
    this.permissionCheck = handler
  }
}

export const app = new FakeApp()
export const ipcMain = new FakeIpcMain()
export const protocol = new FakeProtocol()
export const session = { defaultSession: new FakeSession() }
export const nativeTheme = { shouldUseDarkColors: false }
export const shell: { readonly openExternal: Fake<Promise<void>> } = {
  openExternal: vi.fn(() => Promise.resolve()),
}
interface FakeDialog {
  readonly showOpenDialog: Fake<Promise<{ filePaths: string[] }>>
  readonly showSaveDialog: Fake<Promise<{ canceled: boolean; filePath: string }>>
  readonly showErrorBox: Fake<void>
}

export const dialog: FakeDialog = {
  showOpenDialog: vi.fn(() => Promise.resolve({ filePaths: [] })),
  showSaveDialog: vi.fn(() => Promise.resolve({ canceled: true, filePath: '' })),
  showErrorBox: vi.fn(),
}

/** `setApplicationMenu` gets the template itself. */
export const Menu = {
  current: [] as unknown[],
  buildFromTemplate: (template: unknown[]): unknown[] => template,
  setApplicationMenu(template: unknown[]): void {
    Menu.current = template
  },
}

class FakeIpcRenderer extends EventEmitter {
  readonly invoke: Fake<Promise<unknown>> = vi.fn(() => Promise.resolve())
}

export const ipcRenderer = new FakeIpcRenderer()
export const webUtils = {
  getPathForFile: (file: File): string => (file.size === 0 ? '' : `/models/${file.name}`),
}
export const contextBridge = {
  exposed: new Map<string, unknown>(),
  exposeInMainWorld(name: string, value: unknown): void {
    contextBridge.exposed.set(name, value)
  },
}
