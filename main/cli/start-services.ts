import { dataFolder } from '../services/data-folder.ts'
import { createServices, type Services } from '../services/index.ts'
import type { Context } from './context.ts'
import { programVersion } from './program-files.ts'

export interface HostOptions {
  readonly host: 'cli' | 'browser'
  /** Null: the whole disk. */
  readonly roots: readonly string[] | null
  /** Where the browser host puts dropped files. */
  readonly uploadFolder?: string
  readonly initialModel: string | null
}

const COMMAND_LINE: HostOptions = { host: 'cli', roots: null, initialModel: null }

export function startServices(context: Context, options: HostOptions = COMMAND_LINE): Services {
  return createServices({
    workerUrl: context.files.engineWorker,
    llamaUrl: context.files.llamaProcess,
    dataFolder: dataFolder(),
    threads: context.threads,
    useNative: context.useNative,
    version: programVersion(context.files),
    ...options,
  })
}

/** Runs something with the services and closes them whatever happens. */
export async function withServices<T>(context: Context, use: (services: Services) => Promise<T>): Promise<T> {
  const services = startServices(context)
  try {
    return await use(services)
  } finally {
    await services.close()
  }
}
