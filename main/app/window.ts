import { BrowserWindow, nativeTheme, type BrowserWindowConstructorOptions } from 'electron'
import { WINDOW_URL } from './own-page.ts'

/** The page's own canvas colours, so that nothing flashes before it is drawn. */
const BACKGROUND = { light: '#f2f3f4', dark: '#121417' }

/** @param preload path of the built preload script */
function windowOptions(preload: string): BrowserWindowConstructorOptions {
  return {
    width: 1440,
    height: 900,
    minWidth: 1024,
    minHeight: 640,
    show: false,
    title: 'Quantaloupe',
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      spellcheck: false,
    },
  }
}

export function createWindow(preload: string): BrowserWindow {
  return new BrowserWindow(windowOptions(preload))
}

/** Loads the page; the window is shown when its first frame is drawn. */
export async function loadWindow(
  window: BrowserWindow,
  developmentUrl: string | undefined,
  shown: () => void,
): Promise<void> {
  window.once('ready-to-show', () => {
    window.show()
    shown()
  })
  await window.loadURL(developmentUrl ?? WINDOW_URL)
}
