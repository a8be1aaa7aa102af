/**
 * A process that quantizes one file with llama.cpp's own `llama_model_quantize`: SOURCE TARGET THREADS.
 *
 * Every matrix becomes Q4_K. Prints the seconds that the call took, without the start of the process.
 */
import koffi from 'koffi'
import { libraryPath } from '../support/ggml.ts'

/** `LLAMA_FTYPE_MOSTLY_Q4_K_S`: pure, it is Q4_K for every matrix. */
const FILE_TYPE = 14

/** `llama_model_quantize_params` of llama.cpp v0.5.0; the defaults leave every pointer null. */
const parameters = koffi.struct('llama_model_quantize_params', {
  nthread: 'int32_t',
  ftype: 'int32_t',
  output_tensor_type: 'int32_t',
  token_embedding_type: 'int32_t',
  allow_requantize: 'bool',
  quantize_output_tensor: 'bool',
  only_copy: 'bool',
  pure: 'bool',
  keep_split: 'bool',
  dry_run: 'bool',
  imatrix: 'void *',
  kv_overrides: 'void *',
  tensor_types: 'void *',
  prune_layers: 'void *',
})

const [source, target, threads] = process.argv.slice(2)
const path = libraryPath('llama')
if (path === undefined) throw new Error('node-llama-cpp brings no llama.cpp for this platform')
const library = koffi.load(path)
const defaults = library.func('llama_model_quantize_default_params', parameters, [])
const quantize = library.func('llama_model_quantize', 'uint32_t', ['str', 'str', koffi.pointer(parameters)])

const given = { ...(defaults() as object), nthread: Number(threads), ftype: FILE_TYPE, pure: true }
const started = performance.now()
const failed = quantize(source, target, given) as number
const seconds = (performance.now() - started) / 1000
if (failed !== 0) throw new Error(`llama_model_quantize answered ${failed}`)
console.log(JSON.stringify({ seconds }))
