import koffi, { type LibraryHandle } from 'koffi'
import { Complaints } from './complaints.ts'
import { bindFunctions, type LlamaFunctions, type Pointer } from './functions.ts'
import { checkLayouts } from './layouts.ts'
import { findPrebuilt, unavailable, type Prebuilt } from './prebuilt.ts'

export interface LlamaLibrary {
  readonly call: LlamaFunctions
  readonly complaints: Complaints
  /** Copies from the library's memory; the length is that of `target`. */
  readonly copy: (target: Float32Array, source: Pointer) => void
}

/** A library aborts when it is loaded again after koffi let go of it, so all of them are kept. */
let opened: (LlamaLibrary & { readonly kept: readonly LibraryHandle[] }) | undefined

/**
 * llama.cpp, loaded once per process, with the code for this machine's processor.
 *
 * @throws QuantaloupeError `LLAMA_UNAVAILABLE`
 */
export function openLibrary(): LlamaLibrary {
  opened ??= load(findPrebuilt())
  return opened
}

function load({ folder, paths: [ggmlBasePath, ggmlPath, llamaPath] }: Prebuilt) {
  const [ggmlBase, ggml, llama, runtime] = loadAll(ggmlBasePath, ggmlPath, llamaPath)
  const call = bindFunctions(llama)
  checkLayouts(call.version(), call.model_default_params(), call.context_default_params())
  const complaints = new Complaints()
  call.log_set(complaints.callback, null)
  call.backend_init()
  const loadBackends = ggml.func('void ggml_backend_load_all_from_path(str folder)') as (path: string) => void
  loadBackends(folder)
  return { call, complaints, copy: copier(runtime), kept: [ggmlBase, ggml, llama, runtime] }
}

function loadAll(ggmlBase: string, ggml: string, llama: string) {
  try {
    // Windows finds a library's siblings only when they are loaded already.
    return [koffi.load(ggmlBase), koffi.load(ggml), koffi.load(llama), loadRuntime()] as const
  } catch (cause) {
    throw unavailable(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

/** The C runtime: part of every process but on Windows. */
const loadRuntime = (): LibraryHandle => koffi.load(process.platform === 'win32' ? 'msvcrt.dll' : null)

/** Electron allows no view of foreign memory (`koffi.view`), so what is needed is copied. */
function copier(runtime: LibraryHandle): LlamaLibrary['copy'] {
  const memcpy = runtime.func('void *memcpy(void *target, void *source, size_t bytes)') as (
    target: Float32Array,
    source: Pointer,
    bytes: number,
  ) => void
  return (target, source) => memcpy(target, source, target.byteLength)
}
