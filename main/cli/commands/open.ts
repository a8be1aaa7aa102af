import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { QuantaloupeError } from '../../engine/errors.ts'
import type { Context } from '../context.ts'
import { electronBinary, electronPackage, fetchElectron, missingDisplay, runWindow } from '../electron.ts'
import { existingPath } from '../existing-path.ts'
import { serve } from './serve.ts'

/** `open [MODEL]`: the desktop window; where there can be none, one line why and the same for a browser. */
export async function open(context: Context, [model]: readonly string[]): Promise<void> {
  const path = model === undefined ? undefined : existingPath(context, model)
  const obstacle = await tryWindow(context, path)
  if (obstacle === null || context.signal.aborted) return
  context.remark(`No desktop window (${obstacle}); the workstation opens for a browser instead.`)
  await serve(context, path === undefined ? [] : [path], { port: 0 })
}

/** Null when the window was opened and closed again, else why it was not. */
async function tryWindow(context: Context, model: string | undefined): Promise<string | null> {
  const noDisplay = missingDisplay(process.env, process.platform)
  if (noDisplay !== null) return noDisplay
  const folder = electronPackage()
  if (folder === null) return 'Electron is not installed'
  if (electronBinary(folder) === null) {
    context.remark('Fetching Electron, once …')
    await fetchElectron(folder, context.signal)
  }
  const binary = electronBinary(folder)
  if (binary === null) return 'Electron could not be fetched'
  const script = fileURLToPath(context.files.electronMain)
  if (!existsSync(script)) return 'the window has not been built'
  const { shown, failure } = await runWindow(binary, script, model, context.signal)
  if (failure === null) return null
  if (!shown) return `Electron does not start here: ${failure}`
  throw new QuantaloupeError('WINDOW_CRASHED', `The window closed unexpectedly: ${failure}`, {
    remedy: 'Start it again; finished measurements are kept.',
    fault: 'bug',
  })
}
