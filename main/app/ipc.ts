import { ipcMain, type BrowserWindow, type IpcMainInvokeEvent } from 'electron'
import type { Services } from '../services/index.ts'
import {
  CHANNEL_CALL,
  CHANNEL_EVENT,
  EVENT_NAMES,
  type EventName,
  type Events,
} from '../../preload/contract.ts'
import { isOwnPage } from './own-page.ts'

/**
 * The one gate between the page and the services: this channel, our window, its main frame, our page.
 *
 * Requests are checked against the contract's schema behind it; what is refused here never gets that far.
 */
export function openGate(
  services: Pick<Services, 'call'>,
  currentWindow: () => BrowserWindow | null,
  developmentUrl: string | undefined,
): void {
  ipcMain.handle(CHANNEL_CALL, (event, method: unknown, request: unknown) => {
    if (!isTrusted(event, currentWindow(), developmentUrl)) throw new Error('Foreign sender')
    return services.call(String(method), request)
  })
}

function isTrusted(
  { senderFrame }: IpcMainInvokeEvent,
  window: BrowserWindow | null,
  developmentUrl: string | undefined,
): boolean {
  if (senderFrame === null || senderFrame !== window?.webContents.mainFrame) return false
  return isOwnPage(senderFrame.url, developmentUrl)
}

/** Forwards every event of the services to the window. */
export function forwardEvents(
  services: Pick<Services, 'on'>,
  currentWindow: () => BrowserWindow | null,
): void {
  for (const name of EVENT_NAMES) {
    services.on(name, (payload) => sendEvent(currentWindow(), name, payload))
  }
}

export function sendEvent<E extends EventName>(
  window: BrowserWindow | null,
  name: E,
  payload: Events[E],
): void {
  if (window !== null && !window.isDestroyed()) window.webContents.send(CHANNEL_EVENT, name, payload)
}
