/**
 * A process that runs llama.cpp's own `llama_model_quantize`, which aborts the process it is in when something is wrong:
 * JOBS, a file with a list of {@link QuantizeJob}. Prints a {@link QuantizeOutcome} for each.
 */
import { readFileSync } from 'node:fs'
import koffi from 'koffi'
import { libraryPath } from './ggml.ts'

/** One call. Without a target it is a dry run, which reads headers alone. */
export interface QuantizeJob {
  readonly source: string
  readonly target: string | null
  /** `llama_ftype`. */
  readonly fileType: number
  readonly pure?: boolean
  readonly threads?: number
  /** Patterns as llama-quantize hands them on, in lower case, and ggml type ids. */
  readonly overrides?: readonly (readonly [pattern: string, type: number])[] | undefined
  /** Importance of every column by tensor name; null for none. */
  readonly importance?: Readonly<Record<string, readonly number[]>> | null
}

export interface QuantizeOutcome {
  /** The call reported no failure. */
  readonly ok: boolean
  /** Of the call alone. */
  readonly seconds: number
  /** Type by tensor, as the log names it; empty when something failed before. */
  readonly types: Readonly<Record<string, string>>
  /** Warnings and errors. */
  readonly complaints: string
}

const ERROR_LEVEL = 4
const WARNING_LEVEL = 3

const importanceEntry = koffi.struct('llama_model_imatrix_data', {
  name: 'const char *',
  data: 'float *',
  size: 'size_t',
})

const tensorOverride = koffi.struct('llama_model_tensor_override', {
  pattern: 'const char *',
  type: 'int32_t',
})

/** `llama_model_quantize_params` of llama.cpp v0.5.0. */
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
  imatrix: koffi.pointer(importanceEntry),
  kv_overrides: 'void *',
  tensor_types: koffi.pointer(tensorOverride),
  prune_layers: 'void *',
})

const logCallback = koffi.proto('void ggml_log_callback(int level, const char *text, void *data)')

const path = libraryPath('llama')
if (path === undefined) throw new Error('node-llama-cpp brings no llama.cpp for this platform')
const library = koffi.load(path)
const defaults = library.func('llama_model_quantize_default_params', parameters, [])
const quantize = library.func('llama_model_quantize', 'uint32_t', ['str', 'str', koffi.pointer(parameters)])
const setLog = library.func('llama_log_set', 'void', [koffi.pointer(logCallback), 'void *'])

let log = ''
let complaints = ''
const callback = koffi.register((level: number, text: string) => {
  if (level === WARNING_LEVEL || level === ERROR_LEVEL) complaints += text
  else log += text
}, koffi.pointer(logCallback))
setLog(callback, null)

const jobs = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as QuantizeJob[]
process.stdout.write(JSON.stringify(jobs.map(run)))

function run(job: QuantizeJob): QuantizeOutcome {
  log = complaints = ''
  const importance = Object.entries(job.importance ?? {}).map(([name, values]) => ({
    name,
    data: Float32Array.from(values),
    size: values.length,
  }))
  const overrides = (job.overrides ?? []).map(([pattern, type]) => ({ pattern, type }))
  const given = {
    ...(defaults() as object),
    nthread: job.threads ?? 2,
    ftype: job.fileType,
    pure: job.pure ?? false,
    dry_run: job.target === null,
    allow_requantize: true,
    imatrix: job.importance ? [...importance, { name: null, data: null, size: 0 }] : null,
    tensor_types: overrides.length > 0 ? [...overrides, { pattern: null, type: 0 }] : null,
  }
  const started = performance.now()
  const ok = quantize(job.source, job.target ?? '', given) === 0
  const seconds = (performance.now() - started) / 1000
  return { ok, seconds, types: typesOf(log), complaints }
}

/** `[   1/  48] output_norm.weight - [ 256, 1, 1, 1], type = f32, size = 1.0 MiB -> 0.2 MiB (q4_K)`. */
function typesOf(text: string): Record<string, string> {
  const lines = text.matchAll(/^\[ *\d+\/ *\d+\] +(\S+) +- \[[^\]]*\], type = +(\S+), (.*)$/gm)
  return Object.fromEntries(
    [...lines].map(([, name = '', stored = '', rest = '']) => {
      const changed = /\((\w+)\)$/.exec(rest) ?? /converting to (\w+)/.exec(rest)
      return [name, (changed?.[1] ?? stored).toUpperCase()] as const
    }),
  )
}
