import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openComparison, summarizeComparison } from '../../main/llama/index.ts'
import type { ChunkComparison, Comparison } from '../../main/llama/index.ts'
import { formatByName } from '../../main/engine/quantizers/registry.ts'
import { createServices, type Services } from '../../main/services/index.ts'
import type {
  AllocationRequest,
  DamageModel,
  Job,
  Method,
  MethodName,
  Plan,
  PlanChoices,
  ReplyOf,
  RequestOf,
} from '../../preload/contract.ts'
import { ROOT } from '../support/imports.ts'
import { writeDecodedTwin } from '../support/decoded-twin.ts'

const SAMPLE = join(ROOT, 'test/models/novelist-7m')
const MODEL = join(SAMPLE, 'novelist-7m-f16.gguf')
const IMATRIX = join(SAMPLE, 'imatrix.gguf')
const WORKER = new URL('../../main/workers/engine-worker.ts', import.meta.url)
const LLAMA = new URL('../../main/llama/llama-process.ts', import.meta.url)
const CONTEXT = 256
/** Fields of a request that name the sample's imatrix; none of them for files that are made without. */
export interface UsedImatrix {
  readonly imatrix?: string
}
const WITH_IMATRIX: UsedImatrix = { imatrix: IMATRIX }
/** llama.cpp's threads wait for each other without sleeping: on a busy machine two take many times as long as one. */
const THREADS = 1
/** What sensitivities are measured with: one format near the budgets in question, on 4 chunks of text. */
const SENSITIVITY = { formats: ['Q4_K'], tokens: 4 * CONTEXT, grouping: { kind: 'tensor' } } as const

export interface Divergence {
  readonly kld: number
  readonly perplexity: number
}

/** A written file, judged by llama.cpp. */
export interface MeasuredFile {
  readonly bytes: number
  /** Its weights alone, decoded to F16. */
  readonly weights: Divergence
  /** As it is: llama.cpp rounds activations, too. */
  readonly whole: Divergence
}

/** Plans, files and figures of the sample model, by the services that the window uses. */
export class AllocationRun {
  readonly #services: Services
  readonly #folder: string
  readonly #model: string
  #text: Comparison | null = null

  private constructor(services: Services, folder: string, model: string) {
    this.#services = services
    this.#folder = folder
    this.#model = model
  }

  static async start(folder: string): Promise<AllocationRun> {
    const services = createServices({
      workerUrl: WORKER,
      llamaUrl: LLAMA,
      dataFolder: folder,
      threads: THREADS,
      useNative: true,
      host: 'cli',
      roots: null,
      version: '0.0.0',
      initialModel: null,
    })
    const { id } = await ask(services, 'models.open', { path: MODEL })
    return new AllocationRun(services, folder, id)
  }

  async close(): Promise<void> {
    await this.#text?.close()
    await this.#services.close()
  }

  /** Measures every matrix in every format of the usual pool. */
  async measureErrors(): Promise<void> {
    const { formats } = await this.#ask('allocation.frontier', this.#allocation('priors'))
    const request = { model: this.#model, formats, method: 'reference', imatrix: IMATRIX } as const
    await this.#finished(await this.#ask('analysis.start', request))
  }

  async measureSensitivities(text: string): Promise<void> {
    const request = { ...SENSITIVITY, model: this.#model, text, imatrix: IMATRIX, context: CONTEXT }
    await this.#finished(await this.#ask('sensitivity.start', request))
  }

  /** What files are compared on from here on; the source is evaluated once. */
  async openText(path: string, chunks: number): Promise<void> {
    await this.#text?.close()
    const task = { referencePath: MODEL, text: readFileSync(path, 'utf8'), context: CONTEXT, chunks }
    const request = {
      ...task,
      threads: THREADS,
      recordFolder: this.#folder,
      scored: 'all',
    } as const
    this.#text = await openComparison(request, { processUrl: LLAMA })
  }

  async presetChoices(
    preset: string,
    method: Method = 'reference',
    imatrix: UsedImatrix = WITH_IMATRIX,
  ): Promise<PlanChoices> {
    return choicesOf(await this.#ask('plans.preset', { model: this.#model, preset, method, ...imatrix }))
  }

  /** The best plan whose file has at most these bytes. */
  async solve(damageModel: DamageModel, bytes: number): Promise<Plan> {
    const budget = { kind: 'file', bytes } as const
    return this.#ask('allocation.solve', { allocation: this.#allocation(damageModel), budget })
  }

  /** Predicted damage. */
  async predict(damageModel: DamageModel, choices: PlanChoices): Promise<number> {
    const request = { model: this.#model, choices, imatrix: IMATRIX, damage: { model: damageModel } }
    const { predictedDamage } = await this.#ask('plans.evaluate', request)
    if (predictedDamage === null) throw new Error('A format of the plan was not measured')
    return predictedDamage
  }

  /** File size to the byte. */
  async fileBytes(choices: PlanChoices): Promise<number> {
    return (await this.#ask('plans.evaluate', { model: this.#model, choices, imatrix: IMATRIX })).fileBytes
  }

  /** Formats of the pool that every matrix can have, with importance or without. */
  async commonFormats(): Promise<readonly string[]> {
    const { formats } = await this.#ask('allocation.frontier', this.#allocation('priors'))
    return formats.filter((name) => formatByName(name)?.needsImportance === false)
  }

  /** Writes the file, and lets llama.cpp compare it and its weights alone with the source. */
  async measureFile(choices: PlanChoices, imatrix: UsedImatrix = WITH_IMATRIX): Promise<MeasuredFile> {
    const path = await this.#export(choices, imatrix)
    const twin = join(this.#folder, 'twin.gguf')
    writeDecodedTwin(path, MODEL, twin)
    const [whole, weights] = [await this.#compare(path), await this.#compare(twin)]
    return { bytes: statSync(path).size, whole, weights }
  }

  /** As `measureFile`, for the file as it is. */
  async divergence(choices: PlanChoices): Promise<number> {
    return (await this.#compare(await this.#export(choices, WITH_IMATRIX))).kld
  }

  async #export(choices: PlanChoices, imatrix: UsedImatrix): Promise<string> {
    const path = join(this.#folder, 'plan.gguf')
    const request = { model: this.#model, choices, path, ...imatrix }
    const flags = { overwrite: true, allowRequantize: false }
    await this.#finished(await this.#ask('export.start', { ...request, ...flags }))
    return path
  }

  async #compare(path: string): Promise<Divergence> {
    const text = this.#text
    if (!text) throw new Error('No text is open')
    await text.setCandidate(path)
    const chunks: ChunkComparison[] = []
    for (let index = 0; index < text.chunks; index += 1) chunks.push(await text.compareChunk(index))
    const { kld, perplexity } = summarizeComparison(chunks)
    return { kld: kld.mean, perplexity: perplexity.candidate }
  }

  #allocation(damageModel: DamageModel): AllocationRequest {
    const model = {
      model: this.#model,
      target: 'llama.cpp',
      methods: ['reference'],
      imatrix: IMATRIX,
    } as const
    return { ...model, damage: { model: damageModel }, pins: {}, excluded: [], groups: [], minimums: {} }
  }

  #ask<M extends MethodName>(method: M, request: RequestOf<M>): Promise<ReplyOf<M>> {
    return ask(this.#services, method, request)
  }

  #finished(job: Job): Promise<Job> {
    return new Promise((resolve, reject) => {
      const settle = (now: Job): void => {
        if (now.id !== job.id) return
        if (now.state === 'done') resolve(now)
        if (now.state === 'failed') reject(new Error(`${now.title}: ${now.error?.message}`))
      }
      this.#services.on('job', settle)
      settle(job)
    })
  }
}

/** What a plan changes, as an export wants it. */
export function choicesOf({ tensors }: Plan): PlanChoices {
  return Object.fromEntries(
    tensors.flatMap(({ name, requested, method }) =>
      method === null ? [] : [[name, { format: requested, method }] as const],
    ),
  )
}

async function ask<M extends MethodName>(
  services: Services,
  method: M,
  request: RequestOf<M>,
): Promise<ReplyOf<M>> {
  const outcome = await services.call(method, request)
  if (outcome.ok) return outcome.value as ReplyOf<M>
  throw new Error(`${method}: ${outcome.error.code}: ${outcome.error.message}`)
}
