import { chmodSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { floatToHalf } from '../../main/engine/tensor/half.ts'
import { createServices } from '../../main/services/index.ts'
import type { ServiceOptions, Services } from '../../main/services/index.ts'
import type { Job, MethodName, PlanChoices, ReplyOf, RequestOf } from '../../preload/contract.ts'
import { buildGguf } from './gguf-builder.ts'
import type { BuiltTensor } from './gguf-builder.ts'
import { seededNormal } from './random-rows.ts'

/** The real worker, run from source. */
export const ENGINE_WORKER = new URL('../../main/workers/engine-worker.ts', import.meta.url)

/** The real script around llama.cpp, run from source. */
export const LLAMA_PROCESS = new URL('../../main/llama/llama-process.ts', import.meta.url)

/** A folder that is gone after the test. */
export function testFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'quantaloupe-'))
  onTestFinished(() => {
    chmodSync(path, 0o700)
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

/** Services over real threads and a real database; closed after the test. */
export function testServices(options: Partial<ServiceOptions> = {}): Services {
  const services = createServices({
    workerUrl: ENGINE_WORKER,
    llamaUrl: LLAMA_PROCESS,
    dataFolder: options.dataFolder ?? testFolder(),
    threads: 2,
    useNative: false,
    host: 'browser',
    roots: null,
    version: '0.0.0',
    initialModel: null,
    ...options,
  })
  onTestFinished(() => services.close())
  return services
}

/** Calls a method as a host does; an error is thrown with its code in front. */
export async function callOk<M extends MethodName>(
  services: Services,
  method: M,
  request: RequestOf<M>,
): Promise<ReplyOf<M>> {
  const outcome = await services.call(method, request)
  if (outcome.ok) return outcome.value as ReplyOf<M>
  throw new Error(`${outcome.error.code}: ${outcome.error.message}`)
}

/** Calls a method that must fail, and gives the error's code. */
export async function codeOf(
  services: Services,
  method: MethodName,
  request: unknown,
): Promise<string | null> {
  const outcome = await services.call(method, request)
  return outcome.ok ? null : outcome.error.code
}

export interface SmallModelOptions {
  readonly layers?: number
  readonly rows?: number
  /** Values put over the first weights of `blk.0.attn_q.weight`. */
  readonly weights?: readonly number[]
  readonly seed?: number
  readonly extra?: readonly BuiltTensor[]
  readonly name?: string
}

/** Writes a small GGUF with random weights: an F16 embedding, F32 matrices and norms. */
export function writeSmallModel(folder: string, options: SmallModelOptions = {}): string {
  const { layers = 2, rows = 64, seed = 1, extra = [], name = 'small' } = options
  const tensors = [halfTensor('token_embd.weight', [256, rows], seed)]
  for (let layer = 0; layer < layers; layer += 1) {
    tensors.push(floatTensor(`blk.${layer}.attn_norm.weight`, [256], seed + 3 * layer + 1))
    tensors.push(floatTensor(`blk.${layer}.attn_q.weight`, [256, rows], seed + 3 * layer + 2))
    tensors.push(floatTensor(`blk.${layer}.ffn_down.weight`, [256, rows], seed + 3 * layer + 3))
  }
  const first = tensors.find((tensor) => tensor.name === 'blk.0.attn_q.weight')
  if (first?.data && options.weights) new Float32Array(first.data.buffer).set(options.weights)
  const path = join(folder, `${name}.gguf`)
  writeFileSync(path, buildGguf({ metadata: METADATA, tensors: [...tensors, ...extra] }))
  return path
}

const METADATA = [
  ['general.architecture', 'string', 'llama'],
  ['general.name', 'string', 'Small'],
  ['llama.block_count', 'u32', 2],
  ['general.file_type', 'u32', 0],
  ['test.big', 'u64', 2n ** 63n],
  ['test.words', 'array', { elementType: 'string', elements: ['one', 'two', 'three'] }],
] as const

export function floatTensor(name: string, shape: readonly number[], seed: number): BuiltTensor {
  return { name, shape, data: new Uint8Array(randomWeights(shape, seed).buffer) }
}

function halfTensor(name: string, shape: readonly number[], seed: number): BuiltTensor {
  const halves = Uint16Array.from(randomWeights(shape, seed), floatToHalf)
  return { name, shape, typeId: 1, data: new Uint8Array(halves.buffer) }
}

function randomWeights(shape: readonly number[], seed: number): Float32Array<ArrayBuffer> {
  const normal = seededNormal(seed)
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => normal() * 0.05)
}

/** One format for every matrix of a small model. */
export function choose(services: Services, model: string, format: string): PlanChoices {
  const { tensors } = services.library.get(model).model
  const matrices = tensors.filter((tensor) => tensor.quantizable)
  return Object.fromEntries(matrices.map(({ name }) => [name, { format, method: 'reference' as const }]))
}

/** Resolves with the first job event that fits. */
export function nextJob(services: Services, fits: (job: Job) => boolean): Promise<Job> {
  return new Promise((resolve) => {
    const stop = services.on('job', (job) => {
      if (!fits(job)) return
      stop()
      resolve(job)
    })
  })
}

/** Makes a file look modified, whatever the clock's resolution. */
export function touch(path: string): void {
  const later = new Date(statSync(path).mtimeMs + 5000)
  utimesSync(path, later, later)
}
