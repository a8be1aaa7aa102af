import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { QuantaloupeError } from '../../engine/errors.ts'

const SYSTEMS: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'mac', win32: 'win' }
const PROCESSORS: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'x64',
  arm64: 'arm64',
  arm: 'armv7l',
}

/** In the order of loading: each needs the ones before it. */
const LIBRARIES = ['ggml-base', 'ggml', 'llama'] as const

export interface Prebuilt {
  readonly folder: string
  /** Paths of `ggml-base`, `ggml` and `llama`, in this order. */
  readonly paths: readonly [ggmlBase: string, ggml: string, llama: string]
}

/**
 * Where the prebuilt llama.cpp of node-llama-cpp lies, for the processor alone.
 *
 * @throws QuantaloupeError `LLAMA_UNAVAILABLE`
 */
export function findPrebuilt(): Prebuilt {
  const name = platformName()
  try {
    // A package of the platform is a dependency of node-llama-cpp, so it is looked for from there.
    const require = createRequire(import.meta.resolve('node-llama-cpp'))
    const folder = join(dirname(require.resolve(`@node-llama-cpp/${name}`)), '../bins', name)
    const files = readdirSync(folder)
    const [ggmlBase, ggml, llama] = LIBRARIES.map((library) => join(folder, pick(files, library)))
    if (ggmlBase === undefined || ggml === undefined || llama === undefined) throw new Error('incomplete')
    return { folder, paths: [ggmlBase, ggml, llama] }
  } catch (cause) {
    throw unavailable(`there is no prebuilt llama.cpp for ${name}`, cause)
  }
}

/** As the packages are called: `linux-x64`, `mac-arm64-metal`, `win-x64`. */
function platformName(): string {
  const system = SYSTEMS[process.platform] ?? process.platform
  const name = `${system}-${PROCESSORS[process.arch] ?? process.arch}`
  return name === 'mac-arm64' ? 'mac-arm64-metal' : name
}

/** `libllama.so`, `libllama.v0.5.0.so`, `libllama.dylib`, `llama.dll`. */
function pick(files: readonly string[], library: string): string {
  const pattern = new RegExp(`^(lib)?${library}(\\.v[\\d.]+)?\\.(so|dylib|dll)$`)
  const found = files.find((file) => pattern.test(file))
  if (found === undefined) throw new Error(`no ${library}`)
  return found
}

export function unavailable(reason: string, cause?: unknown): QuantaloupeError {
  return new QuantaloupeError(
    'LLAMA_UNAVAILABLE',
    `llama.cpp does not run on this machine: ${reason}`,
    {
      expected: 'the prebuilt llama.cpp of the package node-llama-cpp',
      remedy: 'Install the dependencies again.',
    },
    { cause },
  )
}
