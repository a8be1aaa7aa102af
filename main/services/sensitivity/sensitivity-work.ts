import { mkdirSync } from 'node:fs'
import { openComparison, summarizeComparison } from '../../llama/index.ts'
import type { ChunkComparison, Comparison } from '../../llama/index.ts'
import type { Finding } from '../../engine/formats/model.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { Sensitivities, SensitivityRequest } from '../../../preload/contract.ts'
import type { Cache } from '../cache/cache.ts'
import type { Replacement, SensitivityKey, SensitivityText } from '../cache/sensitivities.ts'
import { dropTemporary } from '../files/temporary-file.ts'
import type { JobContext, JobWork } from '../jobs/job.ts'
import type { OpenedModel } from '../library/library.ts'
import { llamaPath } from '../llama/llama-path.ts'
import type { Text } from '../llama/read-text.ts'
import { readWeights } from '../llama/read-weights.ts'
import { workPath } from '../llama/work-folder.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import type { KnownFingerprints } from '../measurements/known-fingerprints.ts'
import { tensorSource } from '../measurements/tensor-source.ts'
import { chunkLimit, comparisonRequest } from './comparison-request.ts'
import { planReplacements } from './plan-replacements.ts'
import type { PlannedReplacement, ReplacementPlan } from './plan-replacements.ts'
import { replacementKey } from './replacement-key.ts'
import { sensitivityGroups } from './sensitivity-groups.ts'
import type { MeasuredReplacement } from './sensitivity-groups.ts'
import { SourceCopy } from './source-copy.ts'
import { twinErrors } from './twin-errors.ts'
import type { TwinErrors, TwinOf } from './twin-errors.ts'

export interface SensitivityParts {
  readonly cache: Cache
  readonly fingerprints: KnownFingerprints
  readonly dataFolder: string
  /** The script of the llama.cpp process. */
  readonly llamaUrl: URL
  readonly threads: number
  readonly statistics: ActivationStatistics
  /** About the importance. */
  readonly findings: readonly Finding[]
  /** @throws QuantaloupeError as `readText` */
  readonly readText: () => Text
}

/** Chunks of the first replacement, which the reference reads too, take longer than those of the others. */
const [FIRST, LATER] = ['first', 'later']

/** What the measurements of a run have in common. */
interface Run {
  readonly weights: string
  readonly text: SensitivityText
  readonly comparison: Comparison
}

/**
 * Replaces one group of tensors after the other by its quantized-dequantized twin and lets llama.cpp tell what it costs.
 *
 * Every measurement is in the cache as soon as it is made: a second run, after a kill or not, repeats none.
 */
export class SensitivityWork implements JobWork {
  readonly kind = 'sensitivity'
  readonly title: string
  readonly modelPath: string
  readonly request: SensitivityRequest
  readonly #opened: OpenedModel
  readonly #parts: SensitivityParts
  readonly #plan: ReplacementPlan
  readonly #measured: MeasuredReplacement[] = []
  /** Of each evaluation; 0 until llama.cpp has cut the text. */
  #tokens = 0

  /** @throws QuantaloupeError as `planReplacements`, `llamaPath` and `readText` */
  constructor(opened: OpenedModel, request: SensitivityRequest, parts: SensitivityParts) {
    this.#opened = opened
    this.#parts = parts
    this.#plan = planReplacements(opened, request, parts.statistics)
    this.request = request
    this.title = `Measure sensitivities by ${request.formats.join(', ')}`
    this.modelPath = opened.model.path
    llamaPath(opened.model)
    chunkLimit(request)
    parts.readText()
  }

  get tensorsTotal(): number {
    return this.#plan.replacements.length
  }

  /** What this run has measured or found in the cache so far. */
  get result(): Sensitivities {
    const { context } = this.request
    const groups = sensitivityGroups(this.#inOrder())
    return { schema: 1, model: this.#opened.model.name, tokens: this.#tokens, context, groups }
  }

  async run(context: JobContext): Promise<null> {
    const { cache, dataFolder, findings, fingerprints } = this.#parts
    for (const finding of [...cache.findings, ...findings, ...this.#plan.findings]) context.find(finding)
    const folder = workPath(dataFolder, 'sensitivity')
    try {
      mkdirSync(folder)
      const text = this.#parts.readText()
      const comparison = await this.#open(context, text, folder)
      try {
        const weights = await readWeights(context, this.#opened.model, fingerprints)
        this.#tokens = comparison.chunks * comparison.tokensPerChunk
        if (comparison.chunks < chunkLimit(this.request)) context.find(shortText(text, this.#tokens))
        const { name, sha256 } = text
        const measuredOn = { name, sha256, context: this.request.context, tokens: this.#tokens }
        await this.#measureAll(context, { weights, text: measuredOn, comparison }, folder)
      } finally {
        await comparison.close()
      }
    } finally {
      dropTemporary(folder)
    }
    return null
  }

  async #open(context: JobContext, text: Text, recordFolder: string): Promise<Comparison> {
    await context.checkpoint()
    const { llamaUrl, threads } = this.#parts
    return openComparison(
      comparisonRequest(this.#opened.model, this.request, { text: text.content, threads, recordFolder }),
      { processUrl: llamaUrl, signal: context.signal },
    )
  }

  async #measureAll(context: JobContext, run: Run, folder: string): Promise<void> {
    const missing = this.#plan.replacements.filter((planned) => !this.#takeKnown(context, run, planned))
    if (missing.length === 0) return
    const { chunks } = run.comparison
    context.chunks.plan(
      new Map([
        [FIRST, chunks],
        [LATER, (missing.length - 1) * chunks],
      ]),
    )
    const copy = await SourceCopy.make(context, this.#opened.model, folder)
    for (const [index, planned] of missing.entries()) {
      const kind = index === 0 ? FIRST : LATER
      await this.#measure(context, run, copy, planned, () => context.chunks.finish(kind, 1))
    }
  }

  /** False when the cache does not know the replacement. */
  #takeKnown(context: JobContext, run: Run, planned: PlannedReplacement): boolean {
    const key = this.#key(run, planned)
    const known = this.#parts.cache.use(({ sensitivities }) => sensitivities.find(key))
    if (known) this.#take(context, key, known)
    return known !== null
  }

  #take(context: JobContext, { tensors, format }: SensitivityKey, replacement: Replacement): void {
    this.#measured.push({ tensors, format, replacement })
    context.tensorDone()
  }

  async #measure(
    context: JobContext,
    run: Run,
    copy: SourceCopy,
    planned: PlannedReplacement,
    chunkDone: () => void,
  ): Promise<void> {
    const errors = await this.#replace(context, copy, planned)
    await run.comparison.setCandidate(copy.path)
    const { kld, perplexity } = summarizeComparison(await compareAll(context, run.comparison, chunkDone))
    for (const tensor of planned.tensors) await copy.restore(context, tensor, this.#fingerprint(tensor))
    const replacement = {
      ...errors,
      kld: kld.mean,
      standardError: kld.standardError,
      perplexityChange: perplexity.candidate - perplexity.reference,
    }
    const key = this.#key(run, planned)
    const measuredAt = new Date().toISOString()
    this.#parts.cache.use(({ sensitivities }) => sensitivities.store({ key, replacement, measuredAt }))
    this.#take(context, key, replacement)
  }

  async #replace(context: JobContext, copy: SourceCopy, planned: PlannedReplacement): Promise<TwinErrors> {
    const { importance } = this.#parts.statistics
    const twins: TwinOf[] = []
    for (const [index, tensor] of planned.tensors.entries()) {
      const format = planned.effective[index]
      if (!format) continue
      const vectors = importance.get(tensor.name)?.shared ?? null
      const sums = await copy.replace(context, tensor, format, vectors)
      twins.push({ sums, hasImportance: vectors !== null })
    }
    return twinErrors(twins)
  }

  #key({ weights, text }: Run, planned: PlannedReplacement): SensitivityKey {
    return replacementKey(weights, text, planned, this.#parts.statistics)
  }

  #fingerprint(tensor: Tensor): string {
    const fingerprint = this.#parts.fingerprints.find(tensorSource(this.#opened.model, tensor))
    if (fingerprint === null) throw new Error(`${tensor.name} has no fingerprint`)
    return fingerprint
  }

  /** Known ones come first while it runs; the result has the order of the plan. */
  #inOrder(): MeasuredReplacement[] {
    const places = new Map(
      this.#plan.replacements.map(({ tensors, format }, index) => [`${tensors[0]?.name} ${format}`, index]),
    )
    const place = ({ tensors, format }: MeasuredReplacement): number =>
      places.get(`${tensors[0]} ${format}`) ?? 0
    return this.#measured.toSorted((a, b) => place(a) - place(b))
  }
}

function shortText({ name }: Text, tokens: number): Finding {
  return { code: 'TEXT_SHORTER', message: `${name} fills chunks with ${tokens} tokens, fewer than asked for` }
}

async function compareAll(
  context: JobContext,
  comparison: Comparison,
  chunkDone: () => void,
): Promise<ChunkComparison[]> {
  const chunks: ChunkComparison[] = []
  for (let index = 0; index < comparison.chunks; index += 1) {
    await context.checkpoint()
    chunks.push(await comparison.compareChunk(index))
    chunkDone()
    context.progress()
  }
  return chunks
}
