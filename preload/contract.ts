/**
 * The one contract between the window and its host: methods, replies and events.
 *
 * Types and constants only. The host checks every request against a schema (`main/services/contract-schema.ts`).
 */
import type { ErrorData } from '../main/engine/errors.ts'
import type { Finding, ScalarType, Container } from '../main/engine/formats/model.ts'
import type { Histogram } from '../main/engine/metrics/histogram.ts'
import type { Measure, Measurement } from '../main/engine/metrics/measurement.ts'
import type { FormatFamily, Method, Target } from '../main/engine/quantizers/format.ts'
import type { Tensor } from '../main/engine/tensor/tensor.ts'

export type { Container, ErrorData, Finding, FormatFamily, Histogram, Measure, Measurement, Method }
export type { ScalarType, Target, Tensor }

/** What the command line's `formats` prints for one format. */
export interface FormatInfo {
  readonly name: string
  readonly id: number
  readonly family: FormatFamily
  readonly target: Target
  readonly blockSize: number
  readonly blockBytes: number
  readonly bpw: number
  readonly needsImportance: boolean
  readonly methods: readonly Method[]
}

export interface HostInfo {
  readonly host: 'electron' | 'browser'
  readonly version: string
  readonly platform: string
  readonly threads: number
  /** `typescript`, or `native` and the instruction set: `native avx2`. */
  readonly kernels: string
  readonly formats: readonly FormatInfo[]
  /** Folders the browser host serves; null where the whole disk is open to the user (Electron). */
  readonly roots: readonly string[] | null
  /** A model named on the command line, to be opened at once. */
  readonly initialModel: string | null
  /** About the cache: a damaged one was set aside, or none can be used. */
  readonly findings: readonly Finding[]
}

export type FolderEntryKind = 'folder' | 'model' | 'file'

export interface FolderEntry {
  readonly name: string
  readonly path: string
  /** `model`: a GGUF or safetensors file, or a folder with `config.json` and safetensors. */
  readonly kind: FolderEntryKind
  readonly bytes: number | null
}

export interface FolderListing {
  /** Null: the list of served roots. */
  readonly path: string | null
  readonly parent: string | null
  readonly entries: readonly FolderEntry[]
}

/** Identifies an opened model while the host runs. */
export type ModelId = string
export type JobId = string

export interface ModelSummary {
  readonly id: ModelId
  readonly container: Container
  readonly path: string
  readonly name: string
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  readonly architecture: string | null
  readonly parameters: number
  readonly bytes: number
  readonly bpw: number
  readonly tensorCount: number
  readonly layerCount: number
  /** Bytes and count per stored type, largest first. */
  readonly types: readonly { readonly type: string; readonly bytes: number; readonly tensors: number }[]
  /** An imatrix file found beside the model. */
  readonly imatrix: string | null
  readonly warnings: readonly Finding[]
}

export interface RecentModel {
  readonly path: string
  readonly name: string
  readonly openedAt: string
  readonly exists: boolean
}

/** One metadata entry; 64-bit integers are decimal strings, arrays carry only their length. */
export interface MetadataRow {
  readonly key: string
  readonly type: ScalarType | 'array'
  readonly value: string | number | boolean | null
  readonly elementType: string | null
  readonly length: number | null
}

export interface MetadataPage {
  readonly offset: number
  readonly length: number
  readonly values: readonly (string | number | boolean)[]
}

export interface AnalysisRequest {
  readonly model: ModelId
  readonly formats: readonly string[]
  readonly method: Method
  /** Names; every decodable matrix when absent. */
  readonly tensors?: readonly string[]
  /** Fraction of rows, 0 < sample < 1; exact when absent. */
  readonly sample?: number
  readonly imatrix?: string
  readonly covariance?: string
}

export type JobKind = 'analysis' | 'export'
export type JobState = 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled' | 'interrupted'

export interface Job {
  readonly id: JobId
  readonly kind: JobKind
  readonly title: string
  /** Path of the model it works on. */
  readonly modelPath: string
  readonly state: JobState
  /** Tensors finished and in all. */
  readonly tensorsDone: number
  readonly tensorsTotal: number
  /** Source weights x formats, as bytes of f32. */
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly bytesPerSecond: number | null
  readonly remainingMs: number | null
  readonly error: ErrorData | null
  /** What the user should know although the job goes on: tensors left out, non-finite weights. */
  readonly findings: readonly Finding[]
  readonly startedAt: string
  readonly export: ExportResult | null
}

export interface ExportResult {
  readonly path: string
  readonly fileBytes: number
  readonly sha256: string
  readonly seconds: number
}

/** Mean squared error over a grid of row bands x column bands, row-major; null where no row was sampled. */
export interface ErrorProfile {
  readonly rowBands: number
  readonly columnBands: number
  readonly values: readonly (number | null)[]
}

/** A measurement as the window sees it. */
export interface CachedMeasurement extends Measurement {
  readonly cached: boolean
}

/** What a plan stores for one tensor. */
export interface TensorChoice {
  readonly format: string
  readonly method: Method
}

/** Format and method per tensor name; tensors not named keep their stored type. */
export type PlanChoices = Readonly<Record<string, TensorChoice>>

export interface PlannedTensor {
  readonly name: string
  /** Effective format after the shape fallback. */
  readonly format: string
  readonly requested: string
  readonly method: Method | null
  readonly bytes: number
  /** Measured `relativeError`; 0 when the stored bytes are kept, null when not measured. */
  readonly error: number | null
}

export type DamageModel = 'error' | 'importance' | 'priors' | 'measured'

export interface Plan {
  readonly schema: 1
  readonly model: string
  readonly target: Target
  readonly damageModel: DamageModel
  /** Exact size of the exported file: header, metadata, padding, tensors. */
  readonly fileBytes: number
  readonly bpw: number
  /** Null while a tensor of the plan is not measured. */
  readonly predictedDamage: number | null
  readonly lowerBound: number | null
  readonly gap: number | null
  readonly tensors: readonly PlannedTensor[]
}

/** A metadata entry that an export sets; 64-bit integers are decimal strings. */
export interface MetadataSetting {
  readonly key: string
  readonly type: ScalarType
  readonly value: string | number | boolean
}

export interface ExportRequest {
  readonly model: ModelId
  readonly choices: PlanChoices
  readonly path: string
  readonly imatrix?: string
  /** Replaces entries of the source in their place, and appends the others. */
  readonly metadata?: readonly MetadataSetting[]
  readonly overwrite: boolean
  readonly allowRequantize: boolean
}

export interface ExportPreview {
  readonly fileBytes: number
  readonly freeBytes: number
  readonly exists: boolean
  /** Tensors whose stored bytes would be quantized a second time. */
  readonly requantized: readonly string[]
  /** How the importance covers the model, and formats that the row lengths do not allow. */
  readonly findings: readonly Finding[]
}

export interface OpenFilter {
  readonly kind: 'model' | 'imatrix' | 'plan'
}

/** Every method: its request and its reply. */
export interface Methods {
  'host.info': { request: null; reply: HostInfo }
  'files.list': { request: { path: string | null }; reply: FolderListing }
  /** Native dialogs; the browser host answers with the error `UNSUPPORTED`. */
  'dialog.open': { request: OpenFilter; reply: string | null }
  'dialog.save': { request: { suggestedName: string }; reply: string | null }
  'models.open': { request: { path: string }; reply: ModelSummary }
  'models.close': { request: { model: ModelId }; reply: null }
  'models.list': { request: null; reply: readonly ModelSummary[] }
  'models.recent': { request: null; reply: readonly RecentModel[] }
  'models.forget': { request: { path: string }; reply: null }
  'models.tensors': { request: { model: ModelId }; reply: readonly Tensor[] }
  'models.metadata': { request: { model: ModelId }; reply: readonly MetadataRow[] }
  'models.metadataArray': {
    request: { model: ModelId; key: string; offset: number; length: number }
    reply: MetadataPage
  }
  'tensor.histogram': { request: { model: ModelId; tensor: string }; reply: Histogram }
  'tensor.measurements': {
    request: { model: ModelId; tensor: string; imatrix?: string }
    reply: readonly CachedMeasurement[]
  }
  'tensor.profile': {
    request: { model: ModelId; tensor: string; format: string; method: Method; imatrix?: string }
    reply: ErrorProfile | null
  }
  /** Cached measurements of all tensors for one format and method. */
  'measurements.list': {
    request: { model: ModelId; format: string; method: Method; imatrix?: string }
    reply: readonly CachedMeasurement[]
  }
  'analysis.start': { request: AnalysisRequest; reply: Job }
  'jobs.list': { request: null; reply: readonly Job[] }
  'jobs.pause': { request: { job: JobId }; reply: Job }
  /** Continues a paused job, or starts an interrupted one again. */
  'jobs.resume': { request: { job: JobId }; reply: Job }
  'jobs.cancel': { request: { job: JobId }; reply: Job }
  'jobs.dismiss': { request: { job: JobId }; reply: null }
  'plans.presets': { request: null; reply: readonly string[] }
  'plans.preset': { request: { model: ModelId; preset: string; method: Method }; reply: Plan }
  /** Exact size and known errors of a set of choices. */
  'plans.evaluate': { request: { model: ModelId; choices: PlanChoices; imatrix?: string }; reply: Plan }
  'plans.save': { request: { plan: Plan; path: string }; reply: null }
  'plans.load': { request: { model: ModelId; path: string }; reply: Plan }
  'export.preview': { request: Omit<ExportRequest, 'overwrite' | 'allowRequantize'>; reply: ExportPreview }
  'export.start': { request: ExportRequest; reply: Job }
}

export type MethodName = keyof Methods
export type RequestOf<M extends MethodName> = Methods[M]['request']
export type ReplyOf<M extends MethodName> = Methods[M]['reply']

/** A reply as it crosses the boundary. */
export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorData }

/** Commands that a native menu or a second instance sends to the window. */
export type WindowCommand = 'open' | 'export' | 'undo' | 'redo' | 'find' | 'commands' | 'keys'

/** What the host tells the window without being asked. */
export interface Events {
  /** A job began, moved or ended; at most ten a second for each job. */
  job: Job
  /** New measurements, batched. */
  measurements: { model: ModelId; measurements: readonly Measurement[]; imatrix: string | null }
  /** The list of open models changed. */
  models: readonly ModelSummary[]
  /** Open this path: file association, second instance, command line. */
  openPath: { path: string }
  command: { command: WindowCommand }
}

export type EventName = keyof Events

export const EVENT_NAMES = [
  'job',
  'measurements',
  'models',
  'openPath',
  'command',
] as const satisfies readonly EventName[]

/** What the preload script (Electron) or the browser bridge puts on `window.quantaloupe`. */
export interface Bridge {
  call<M extends MethodName>(method: M, request: RequestOf<M>): Promise<Outcome<ReplyOf<M>>>
  /** Returns the function that ends the subscription. */
  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void
  /**
   * Tells when events may have been missed, because the connection to the host was cut for a while: ask again.
   * Returns the function that ends the subscription.
   */
  onGap(listener: () => void): () => void
  /**
   * Makes dropped files known to the host and returns the path to open: the path itself in Electron,
   * a copy streamed to the host (with progress from 0 to 1) in the browser.
   */
  pathOfDrop(files: readonly File[], progress: (fraction: number) => void): Promise<Outcome<string>>
}

export const CHANNEL_CALL = 'quantaloupe:call'
export const CHANNEL_EVENT = 'quantaloupe:event'

/**
 * Content security policy of the window, the same in every host.
 *
 * Inline styles are allowed because the component and chart libraries set them; scripts come from our files only.
 */
export const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
