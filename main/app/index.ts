/** Entry of the desktop application, run by Electron. Knows where the other built files are. */
import { fileURLToPath } from 'node:url'
import { app, dialog } from 'electron'
import { describeError, toErrorData } from '../engine/errors.ts'
import { Application } from './application.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const application = new Application({
  engineWorker: new URL('./engine-worker.js', import.meta.url),
  llamaProcess: new URL('./llama-process.js', import.meta.url),
  preload: path('../preload/index.cjs'),
  window: path('../renderer/'),
  developmentUrl: app.isPackaged ? undefined : process.env['ELECTRON_RENDERER_URL'],
})

// Not awaited: Electron becomes ready only when this module has run to its end.
application.start().catch((thrown: unknown) => {
  dialog.showErrorBox('Quantaloupe cannot start', describeError(toErrorData(thrown)))
  app.exit(2)
})
