/**
 * The one contract between the window and its host: methods, replies and events.
 *
 * Types and constants only. The host checks every request against a schema (`main/services/contract-schema.ts`).
 */
import type {
  DamageModel,
  Sensitivities,
  SensitivityGroup,
} from '../main/engine/allocation/damage/damage-model.ts'
import type { DamageDescription } from '../main/engine/allocation/damage/describe-damage.ts'
import type { ErrorData } from '../main/engine/errors.ts'
import type { Finding, ScalarType, Container } from '../main/engine/formats/model.ts'
import type { Histogram } from '../main/engine/metrics/histogram.ts'
import type { Measure, Measurement } from '../main/engine/metrics/measurement.ts'
import type { FormatFamily, Method, Target } from '../main/engine/quantizers/format.ts'
import type { ErrorCurve, ExploredGroup, RoundedGroup } from '../main/engine/rounding/explore-row.ts'
import type { Tensor } from '../main/engine/tensor/tensor.ts'

export type { Container, ErrorData, Finding, FormatFamily, Histogram, Measure, Measurement, Method }
export type { ErrorCurve, ExploredGroup, RoundedGroup }
export type { DamageDescription, DamageModel, Sensitivities, SensitivityGroup, ScalarType, Target, Tensor }

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

export type JobKind = 'analysis' | 'export' | 'verification' | 'sensitivity'
export type JobState = 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled' | 'interrupted'

export interface Job {
  readonly id: JobId
  readonly kind: JobKind
  readonly title: string
  /** Path of the model it works on. */
  readonly modelPath: string
  readonly state: JobState
  /** Tensors (analysis, export), chunks of text (verification) or replaced groups (sensitivity) finished and in all. */
  readonly tensorsDone: number
  readonly tensorsTotal: number
  /** Source weights x formats, as bytes of f32; 0 for what llama.cpp does. */
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
  /** Predicted by the plan's damage model; 0 when the stored bytes are kept, null when not measured. */
  readonly damage: number | null
}

export interface DamageSettings {
  readonly model: DamageModel
  /** For `measured`: a file from `sensitivity -o`; what the cache knows of this model when absent. */
  readonly sensitivities?: string
  /** The user's own factors on the damage of tensors, by name; 1 where absent. */
  readonly multipliers?: Readonly<Record<string, number>>
}

/** A preset of llama.cpp. */
export interface PresetInfo {
  readonly name: string
  readonly aliases: readonly string[]
  /** The format that no rule changes; null where every tensor keeps its stored type. */
  readonly base: string | null
  /** `general.file_type`; null where the file keeps its own. */
  readonly fileType: number | null
  readonly description: string
}

export interface PresetList {
  /** Of llama.cpp, whose rules these are. */
  readonly revision: string
  readonly presets: readonly PresetInfo[]
}

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
  /** No choice within the budget can have less predicted damage; null for plans that were not searched for. */
  readonly lowerBound: number | null
  /** (predictedDamage - lowerBound) / predictedDamage. */
  readonly gap: number | null
  /** Damage that one more byte would avoid at the budget; absent from plans that were not searched for. */
  readonly price?: number
  readonly tensors: readonly PlannedTensor[]
}

/** A plan from a file, and what of the file does not fit the model: tensors that it does not name, lines that name none. */
export interface LoadedPlan {
  readonly plan: Plan
  readonly findings: readonly Finding[]
}

/** What a plan may cost. */
export type Budget =
  | { readonly kind: 'file'; readonly bytes: number }
  /** Bits per weight over all tensor bytes. */
  | { readonly kind: 'bpw'; readonly bpw: number }
  /** Weights and KV cache together. */
  | {
      readonly kind: 'memory'
      readonly bytes: number
      readonly context: number
      readonly cacheType: CacheType
    }

export type CacheType = 'F16' | 'Q8_0' | 'Q4_0'

/** What an allocation may choose from, and by what it is judged. Tensors are given by name. */
export interface AllocationRequest {
  readonly model: ModelId
  readonly target: Exclude<Target, 'analysis'>
  /** The pool of formats; the target's usual one when absent. */
  readonly formats?: readonly string[]
  readonly methods: readonly Method[]
  readonly imatrix?: string
  readonly damage: DamageSettings
  /** Tensors whose choice is made. */
  readonly pins: PlanChoices
  /** Tensors that keep their stored bytes. */
  readonly excluded: readonly string[]
  /** Tensors that must get the same format. Experts of one role and layer always do. */
  readonly groups: readonly (readonly string[])[]
  /** Formats with fewer bits per weight than this one are not offered to the tensor. */
  readonly minimums: Readonly<Record<string, string>>
}

export interface FrontierPoint {
  readonly fileBytes: number
  readonly bpw: number
  readonly damage: number
}

export interface PresetPoint extends Omit<FrontierPoint, 'damage'> {
  readonly name: string
  /** Null while a tensor is not measured in the preset's format. */
  readonly damage: number | null
  /** Why this preset can not be made for this model; then its figures are 0. */
  readonly error: ErrorData | null
}

/** Tensors that are not measured in a format of the pool. */
export interface MissingMeasurements {
  readonly format: string
  readonly method: Method
  readonly tensors: readonly string[]
}

export interface AllocationFrontier {
  /** From the smallest plan to the one with the least damage; empty while a tensor has no measured candidate. */
  readonly points: readonly FrontierPoint[]
  readonly presets: readonly PresetPoint[]
  readonly damage: DamageDescription
  /** Effective pool, by bits per weight. */
  readonly formats: readonly string[]
  /** Candidates that can not be weighed yet; they are left out. */
  readonly missing: readonly MissingMeasurements[]
  /** Figures that come from a sample of rows, and all figures used. */
  readonly sampledFigures: number
  readonly figures: number
  /** Time for the frontier alone. */
  readonly milliseconds: number
}

/** One candidate for a tensor (or the group it belongs to). */
export interface CandidateOption {
  readonly format: string
  readonly method: Method | null
  /** Of the whole group, padded as in the file. */
  readonly bytes: number
  readonly damage: number
  /** On the lower convex hull: can be the best choice for some budget of many tensors. */
  readonly onHull: boolean
  readonly chosen: boolean
  /** Damage avoided per byte by the step to here from the next smaller one on the hull; null for the smallest. */
  readonly slope: number | null
}

/** Why a tensor has its format. */
export interface TensorExplanation {
  readonly tensors: readonly string[]
  readonly sensitivity: number
  readonly sensitivityError: number | null
  readonly sensitivitySource: 'one' | 'prior' | 'measured' | 'file'
  readonly options: readonly CandidateOption[]
  /** Damage avoided per byte at the plan's budget: steps steeper than this are taken. */
  readonly price: number
  readonly sentence: string
}

export interface MemoryEstimate {
  readonly context: number
  readonly kvBytes: number
  readonly kvBytesPerToken: number
  /** As a formula with the model's figures. */
  readonly formula: string
}

/** What `llama-quantize` needs to make the same plan. */
export interface QuantizeRecipe {
  /** For `--tensor-type-file`. */
  readonly text: string
  readonly bash: string
  readonly powershell: string
  readonly findings: readonly Finding[]
}

/** What is compared with the opened model. */
export type VerificationCandidate =
  /** Exported to a temporary file first. */
  | { readonly kind: 'plan'; readonly choices: PlanChoices; readonly imatrix?: string }
  | { readonly kind: 'file'; readonly path: string }

export interface VerificationRequest {
  readonly model: ModelId
  readonly candidate: VerificationCandidate
  /** Shown in the list: `Q4_K_M`, `4.5 bpw`. */
  readonly label: string
  readonly text: string
  /** Tokens per chunk. */
  readonly context: number
  /** All of the text when absent. */
  readonly chunks?: number
}

/** Measured by llama.cpp on a text, candidate against reference. Divergences in nats. */
export interface Verification {
  readonly perplexity: { readonly reference: number; readonly candidate: number }
  readonly kld: {
    readonly mean: number
    readonly standardError: number
    readonly median: number
    readonly p99: number
    readonly max: number
  }
  /** Fraction of positions. */
  readonly sameTopToken: number
  /** Tokens evaluated, and positions scored. */
  readonly tokens: number
  readonly scoredTokens: number
  readonly context: number
  readonly tokensPerSecond: number
}

export interface StoredVerification extends Verification {
  readonly id: string
  readonly label: string
  readonly finishedAt: string
  /** Format and method per tensor; null for a file that was not made from a plan. */
  readonly choices: PlanChoices | null
  readonly imatrix: string | null
  readonly fileBytes: number
  readonly bpw: number
  /** Name and SHA-256 of the text. */
  readonly text: { readonly name: string; readonly sha256: string }
}

export interface SensitivityRequest {
  readonly model: ModelId
  readonly text: string
  readonly imatrix?: string
  readonly context: number
  /** At most; whole chunks are used. */
  readonly tokens: number
  /** Formats that each group is replaced by, one after the other. */
  readonly formats: readonly string[]
  /** One measurement per tensor, or per role within a number of neighbouring layers. */
  readonly grouping: { readonly kind: 'tensor' } | { readonly kind: 'layers'; readonly layers: number }
}

/** Known before anything is measured but the speed of this machine. */
export interface SensitivityEstimate {
  readonly groups: number
  /** Of which the cache knows so many. */
  readonly known: number
  readonly evaluations: number
  readonly tokensPerEvaluation: number
  /** Timed on the first chunk. */
  readonly tokensPerSecond: number
  readonly seconds: number
  readonly temporaryBytes: number
}

/** One tensor of two models. */
export interface TensorPair {
  readonly name: string
  readonly a: { readonly type: string; readonly shape: readonly number[]; readonly bytes: number } | null
  readonly b: { readonly type: string; readonly shape: readonly number[]; readonly bytes: number } | null
}

export interface TensorPairError {
  /** |b - a| / |a|; null where nothing can be compared. */
  readonly relativeError: number | null
  readonly nonFinite: number
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
  readonly kind: 'model' | 'imatrix' | 'plan' | 'text' | 'sensitivities'
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
  'plans.presets': { request: null; reply: PresetList }
  /** `pure`: the preset's base format for every tensor, as `llama-quantize --pure`. */
  'plans.preset': {
    request: {
      model: ModelId
      preset: string
      method: Method
      imatrix?: string
      pure?: boolean
      damage?: DamageSettings
    }
    reply: Plan
  }
  /** Exact size and known errors of a set of choices; damage by role priors when no model is named. */
  'plans.evaluate': {
    request: { model: ModelId; choices: PlanChoices; imatrix?: string; damage?: DamageSettings }
    reply: Plan
  }
  'plans.save': { request: { plan: Plan; path: string }; reply: null }
  /** A saved plan, or a recipe for `llama-quantize --tensor-type-file`. */
  'plans.load': { request: { model: ModelId; path: string; imatrix?: string }; reply: LoadedPlan }
  'plans.recipe': {
    request: { model: ModelId; choices: PlanChoices; imatrix?: string }
    reply: QuantizeRecipe
  }
  'plans.saveRecipe': { request: { model: ModelId; choices: PlanChoices; path: string }; reply: null }
  'allocation.frontier': { request: AllocationRequest; reply: AllocationFrontier }
  'allocation.solve': { request: { allocation: AllocationRequest; budget: Budget }; reply: Plan }
  'allocation.explain': {
    request: { allocation: AllocationRequest; choices: PlanChoices; tensor: string }
    reply: TensorExplanation
  }
  'allocation.memory': {
    request: { model: ModelId; context: number; cacheType: CacheType }
    reply: MemoryEstimate
  }
  'verification.start': { request: VerificationRequest; reply: Job }
  /** Newest first, of models with the same weights. */
  'verification.list': { request: { model: ModelId }; reply: readonly StoredVerification[] }
  'verification.forget': { request: { id: string }; reply: null }
  /** Runs llama.cpp for a few seconds. */
  'sensitivity.estimate': { request: SensitivityRequest; reply: SensitivityEstimate }
  'sensitivity.start': { request: SensitivityRequest; reply: Job }
  /** What is measured of a model, with or without importance; null when nothing is. */
  'sensitivity.list': { request: { model: ModelId; imatrix?: string }; reply: Sensitivities | null }
  'sensitivity.save': { request: { sensitivities: Sensitivities; path: string }; reply: null }
  /** Two opened models, aligned by name: A's order, then what only B has. */
  'models.pairs': { request: { a: ModelId; b: ModelId }; reply: readonly TensorPair[] }
  'models.pairError': { request: { a: ModelId; b: ModelId; tensor: string }; reply: TensorPairError }
  /**
   * A block (or sub-block) of a row under one scale, as the reference and another method round it, and its error under
   * every scale. `block: null` is the one of the row where the method gains most.
   */
  'lab.block': {
    request: {
      model: ModelId
      tensor: string
      row: number
      block: number | null
      format: string
      method: Method
      imatrix?: string
    }
    reply: ExploredGroup
  }
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

/** Formats whose weights are a scale times a level, which `lab.block` can look into; by bits per weight. */
export const LAB_FORMATS = [
  'Q1_0',
  'TQ1_0',
  'TQ2_0',
  'Q2_0',
  'Q3_K',
  'MXFP4',
  'IQ4_XS',
  'Q4_0',
  'IQ4_NL',
  'NVFP4',
  'Q5_0',
  'Q6_K',
  'Q8_0',
] as const

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
