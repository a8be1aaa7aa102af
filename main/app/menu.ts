import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { WindowCommand } from '../../preload/contract.ts'

type Send = (command: WindowCommand) => void

/** The native menu: what the page's own keys do, for those who look for it there. */
export function installMenu(send: Send, platform: NodeJS.Platform, isPackaged: boolean): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(send, platform, isPackaged)))
}

export function menuTemplate(
  send: Send,
  platform: NodeJS.Platform,
  isPackaged: boolean,
): MenuItemConstructorOptions[] {
  const isMac = platform === 'darwin'
  return [
    ...(isMac ? [{ role: 'appMenu' } as const] : []),
    fileMenu(send, isMac),
    editMenu(send),
    viewMenu(send, isPackaged),
    { role: 'windowMenu' },
    { role: 'help', submenu: [item(send, 'keys', 'Keyboard Shortcuts', '?', false)] },
  ]
}

function fileMenu(send: Send, isMac: boolean): MenuItemConstructorOptions {
  return {
    label: '&File',
    submenu: [
      item(send, 'open', 'Open Model…', 'CmdOrCtrl+O'),
      item(send, 'export', 'Export…', 'E', false),
      { type: 'separator' },
      { role: isMac ? 'close' : 'quit' },
    ],
  }
}

/** Undo and redo change the plan; inside a text field the page leaves them to the field. */
function editMenu(send: Send): MenuItemConstructorOptions {
  return {
    label: '&Edit',
    submenu: [
      item(send, 'undo', 'Undo', 'CmdOrCtrl+Z', false),
      item(send, 'redo', 'Redo', 'CmdOrCtrl+Shift+Z', false),
      { type: 'separator' },
      { role: 'cut' },
      { role: 'copy' },
      { role: 'paste' },
      { role: 'selectAll' },
      { type: 'separator' },
      item(send, 'find', 'Find Tensor', 'CmdOrCtrl+F'),
    ],
  }
}

function viewMenu(send: Send, isPackaged: boolean): MenuItemConstructorOptions {
  const developer: MenuItemConstructorOptions[] = isPackaged
    ? []
    : [{ role: 'reload' }, { role: 'toggleDevTools' }]
  return {
    label: '&View',
    submenu: [
      item(send, 'commands', 'Commands…', 'CmdOrCtrl+K'),
      { type: 'separator' },
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      { role: 'togglefullscreen' },
      ...developer,
    ],
  }
}

/**
 * @param registered false where the key is only shown: the page decides by what has the focus, since a bare letter
 * or an undo belongs to a text field first
 */
function item(
  send: Send,
  command: WindowCommand,
  label: string,
  accelerator: string,
  registered = true,
): MenuItemConstructorOptions {
  return { label, accelerator, registerAccelerator: registered, click: () => send(command) }
}
