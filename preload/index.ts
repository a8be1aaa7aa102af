/** Puts the contract on `window.quantaloupe`. Runs in a sandbox beside the page; passes messages and nothing else. */
import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron'
import { CHANNEL_CALL, CHANNEL_EVENT, type Bridge, type EventName, type Outcome } from './contract.ts'

/** As the host sends it. */
type Message = [name: EventName, payload: unknown]

const bridge: Bridge = {
  call: (method, request) => ipcRenderer.invoke(CHANNEL_CALL, method, request),
  on(event, listener) {
    const receive = (_: IpcRendererEvent, ...[name, payload]: Message): void => {
      if (name === event) listener(payload as never)
    }
    ipcRenderer.on(CHANNEL_EVENT, receive)
    return () => ipcRenderer.off(CHANNEL_EVENT, receive)
  },
  // Messages between two processes of one program do not get lost.
  onGap: () => () => undefined,
  pathOfDrop: (files) => Promise.resolve(pathOf(files.map((file) => webUtils.getPathForFile(file)))),
}

/** The file itself; the folder that holds them when several were dropped. */
function pathOf(paths: readonly string[]): Outcome<string> {
  const [first = ''] = paths
  if (first === '') {
    const remedy = 'Drop a file or a folder from the file manager.'
    return {
      ok: false,
      error: { code: 'NOT_A_FILE', message: 'What was dropped is not on this disk', remedy, fault: 'input' },
    }
  }
  const value = paths.length === 1 ? first : first.replace(/[/\\][^/\\]*$/, '')
  return { ok: true, value }
}

// Every subscription is a listener of its own.
ipcRenderer.setMaxListeners(0)
contextBridge.exposeInMainWorld('quantaloupe', bridge)
