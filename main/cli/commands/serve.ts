import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { QuantaloupeError } from '../../engine/errors.ts'
import { dataFolder } from '../../services/data-folder.ts'
import { startWebServer } from '../../web/server.ts'
import { claimUploadFolder } from '../../web/upload-folder.ts'
import { workingFolder, type Context } from '../context.ts'
import { existingPath } from '../existing-path.ts'
import { startServices } from '../start-services.ts'

export interface ServeOptions {
  readonly port: number
  readonly root?: readonly string[]
}

/** `serve [MODEL]`: the workstation for a browser on this machine, until Ctrl+C. */
export async function serve(
  context: Context,
  [model]: readonly string[],
  options: ServeOptions,
): Promise<void> {
  const initialModel = model === undefined ? null : existingPath(context, model)
  const uploadFolder = claimUploadFolder(dataFolder())
  const services = startServices(context, {
    host: 'browser',
    roots: servedRoots(context, initialModel, options.root ?? []),
    uploadFolder,
    initialModel,
  })
  const windowFolder = fileURLToPath(context.files.window)
  try {
    const server = await startWebServer({ services, windowFolder, uploadFolder, port: options.port })
    context.print({ address: server.address }, () => `Quantaloupe is open at ${server.address}`)
    context.remark('Press Ctrl+C to stop.')
    await aborted(context.signal)
    await server.close()
  } finally {
    await services.close()
  }
}

/** The folders given, and the one of the model: naming a model is asking to see it. */
function servedRoots(context: Context, model: string | null, given: readonly string[]): readonly string[] {
  const roots = given.map((root) => requireFolder(context.resolve(root)))
  if (model !== null) roots.push(isFolder(model) ? model : dirname(model))
  return roots.length > 0 ? roots : [workingFolder()]
}

function requireFolder(path: string): string {
  if (isFolder(path)) return path
  throw new QuantaloupeError('ROOT_NOT_FOLDER', 'The folder to serve is not there', {
    place: path,
    expected: 'a folder',
    remedy: 'Check --root.',
  })
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
