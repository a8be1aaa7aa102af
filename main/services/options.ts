import type { OpenFilter } from '../../preload/contract.ts'

/** What a host gives the services. */
export interface ServiceOptions {
  /** The worker's entry file, found from the host's own entry. */
  readonly workerUrl: URL
  /** The script of the llama.cpp process, found likewise. */
  readonly llamaUrl: URL
  /** Where the cache database lives; made when missing. */
  readonly dataFolder: string
  readonly threads: number
  readonly useNative: boolean
  /** The command line keeps no list of recent models. */
  readonly host: 'electron' | 'browser' | 'cli'
  /** Folders a client may see; null for the whole disk. */
  readonly roots: readonly string[] | null
  /** Where the host puts dropped files; may be opened though it is no root. Made when the first file comes. */
  readonly uploadFolder?: string
  readonly version: string
  readonly initialModel: string | null
  readonly dialogs?: Dialogs
}

/** Native dialogs of the host; null when the user changed their mind. */
export interface Dialogs {
  open(filter: OpenFilter): Promise<string | null>
  save(suggestedName: string): Promise<string | null>
}
