import { randomUUID } from 'node:crypto'
import { openComparison, summarizeComparison } from '../../llama/index.ts'
import type { ChunkComparison, Comparison } from '../../llama/index.ts'
import type { StoredVerification, Verification, VerificationRequest } from '../../../preload/contract.ts'
import type { Cache } from '../cache/cache.ts'
import { checkSources } from '../exports/export-checks.ts'
import type { JobContext, JobWork } from '../jobs/job.ts'
import type { OpenedModel } from '../library/library.ts'
import { llamaPath } from '../llama/llama-path.ts'
import type { Text } from '../llama/read-text.ts'
import { readWeights } from '../llama/read-weights.ts'
import type { KnownFingerprints } from '../measurements/known-fingerprints.ts'
import type { Candidate, CandidateFile } from './candidates.ts'

/** Code of the finding that tells the figure so far; it stays with a job that does not end. */
const SO_FAR = 'DIVERGENCE_SO_FAR'

export interface VerificationParts {
  readonly cache: Cache
  readonly fingerprints: KnownFingerprints
  /** The script of the llama.cpp process. */
  readonly llamaUrl: URL
  readonly threads: number
  readonly candidate: Candidate
  /** @throws QuantaloupeError as `readText` */
  readonly readText: () => Text
}

/**
 * Compares a candidate with the opened model in llama.cpp, a chunk of text after the other.
 *
 * The reference is loaded and the text cut first, so that a text that is too short is told before a plan is exported.
 * Nothing of a comparison that does not end is kept; resumed after a kill, it starts again.
 */
export class VerificationWork implements JobWork {
  readonly kind = 'verification'
  readonly title: string
  readonly modelPath: string
  readonly request: VerificationRequest
  readonly #opened: OpenedModel
  readonly #parts: VerificationParts
  readonly #referencePath: string
  /** The user's bound until llama.cpp has cut the text. */
  #chunks: number
  #result: StoredVerification | null = null

  /** @throws QuantaloupeError `CONVERSION_NEEDED`, as `readText` */
  constructor(opened: OpenedModel, request: VerificationRequest, parts: VerificationParts) {
    this.#opened = opened
    this.#parts = parts
    this.#referencePath = llamaPath(opened.model)
    this.#chunks = request.chunks ?? 0
    this.request = request
    this.title = `Verify ${request.label}`
    this.modelPath = opened.model.path
    parts.readText()
  }

  /** Null until it is done. */
  get result(): StoredVerification | null {
    return this.#result
  }

  get tensorsTotal(): number {
    return this.#chunks
  }

  async run(context: JobContext): Promise<null> {
    const { cache, candidate, fingerprints, readText } = this.#parts
    for (const finding of cache.findings) context.find(finding)
    try {
      const text = readText()
      const comparison = await this.#open(context, text)
      try {
        const weights = await readWeights(context, this.#opened.model, fingerprints)
        const file = await candidate.prepare(context)
        await context.checkpoint()
        await comparison.setCandidate(file.path)
        this.#keep(weights, file, text, await this.#compare(context, comparison))
      } finally {
        await comparison.close()
      }
    } finally {
      candidate.clear()
    }
    return null
  }

  async #open(context: JobContext, text: Text): Promise<Comparison> {
    const { llamaUrl, threads } = this.#parts
    const { context: length, chunks } = this.request
    await context.checkpoint()
    const comparison = await openComparison(
      {
        referencePath: this.#referencePath,
        text: text.content,
        context: length,
        threads,
        ...(chunks !== undefined && { chunks }),
      },
      { processUrl: llamaUrl, signal: context.signal },
    )
    this.#chunks = comparison.chunks
    context.chunks.plan(new Map([['chunk', comparison.chunks]]))
    context.progress()
    return comparison
  }

  async #compare(context: JobContext, comparison: Comparison): Promise<Verification> {
    const results: ChunkComparison[] = []
    let [milliseconds, divergence, scored] = [0, 0, 0]
    for (let index = 0; index < comparison.chunks; index += 1) {
      await context.checkpoint()
      const startedMs = performance.now()
      const chunk = await comparison.compareChunk(index)
      milliseconds += performance.now() - startedMs
      results.push(chunk)
      divergence += chunk.divergences.reduce((sum, value) => sum + value, 0)
      scored += chunk.scored
      context.note(SO_FAR, `KL divergence so far ${(divergence / scored).toPrecision(3)} nats in the mean`)
      context.chunks.finish('chunk', 1)
      context.tensorDone()
    }
    context.note(SO_FAR, null)
    const summary = summarizeComparison(results)
    return {
      ...summary,
      context: this.request.context,
      tokensPerSecond: (summary.tokens / milliseconds) * 1000,
    }
  }

  #keep(weights: string, { fileBytes, bpw }: CandidateFile, text: Text, figures: Verification): void {
    const { cache, candidate } = this.#parts
    checkSources(this.#opened.model)
    const { choices, imatrix } = candidate
    const verification: StoredVerification = {
      ...figures,
      id: randomUUID(),
      label: this.request.label,
      finishedAt: new Date().toISOString(),
      choices,
      imatrix,
      fileBytes,
      bpw,
      text: { name: text.name, sha256: text.sha256 },
    }
    cache.use(({ verifications }) => verifications.add(weights, verification))
    this.#result = verification
  }
}
