import { readFileSync } from 'node:fs'

/** Where the parts of the program are; known to the entry alone. */
export interface ProgramFiles {
  /** Worker thread of the engine. */
  readonly engineWorker: URL
  /** Child process around llama.cpp. */
  readonly llamaProcess: URL
  /** Folder of the built window. */
  readonly window: URL
  /** Main script of the built desktop window. */
  readonly electronMain: URL
  /** `package.json`. */
  readonly manifest: URL
}

export function programVersion(files: ProgramFiles): string {
  return (JSON.parse(readFileSync(files.manifest, 'utf8')) as { version: string }).version
}
