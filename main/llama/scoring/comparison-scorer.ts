import { createContext, type LlamaContext } from '../library/context.ts'
import { loadModel, type LlamaModel } from '../library/model.ts'
import type { ChunkComparison, ComparisonShape, ComparisonTask } from '../protocol.ts'
import { batchesOf, batchSize } from './batches.ts'
import { comparePosition, type PositionComparison } from './distributions.ts'
import { noNumbers } from './no-numbers.ts'
import { ReferenceRecord } from './reference-record.ts'
import { evaluatedRows, recordedRows, type ReferenceRows } from './reference-rows.ts'
import { cutText, type TextChunks } from './text-chunks.ts'
import { checkVocabulary, vocabularyOf, type Vocabulary } from './vocabulary.ts'

/** A model that is being evaluated. */
interface Running {
  readonly model: LlamaModel
  readonly context: LlamaContext
}

/** Compares one candidate after the other with a reference on the chunks of a text. */
export class ComparisonScorer {
  readonly #task: ComparisonTask
  readonly #chunks: TextChunks
  readonly #vocabulary: Vocabulary
  readonly #record: ReferenceRecord | undefined
  readonly #reference: Running
  #candidate: Running | undefined

  private constructor(task: ComparisonTask, chunks: TextChunks, reference: Running) {
    this.#task = task
    this.#chunks = chunks
    this.#reference = reference
    this.#vocabulary = vocabularyOf(reference.model, task.text)
    if (task.recordPath !== undefined) this.#record = new ReferenceRecord(task.recordPath, this.shape)
  }

  /**
   * @throws QuantaloupeError `TEXT_TOO_SHORT`, `MODEL_REFUSED`, `LLAMA_UNAVAILABLE`, `DISK_FULL`,
   *   `FILE_NOT_WRITABLE`
   */
  static async open(task: ComparisonTask): Promise<ComparisonScorer> {
    const model = await loadModel(task.referencePath)
    const chunks = cutText(model, task, task.scored ?? 'half')
    return new ComparisonScorer(task, chunks, await start(model, chunks, task.threads))
  }

  get shape(): ComparisonShape {
    const { count, length, scored } = this.#chunks
    const vocabulary = this.#vocabulary.size
    return { chunks: count, tokensPerChunk: length, scoredPerChunk: scored, vocabulary }
  }

  /**
   * The former candidate is freed first: its file may have been changed in place, and no page of it stays mapped.
   *
   * @throws QuantaloupeError `MODEL_REFUSED`, `VOCABULARY_MISMATCH`
   */
  async setCandidate(path: string): Promise<void> {
    this.#candidate?.context.free()
    this.#candidate?.model.free()
    this.#candidate = undefined
    const model = await loadModel(path)
    try {
      checkVocabulary(model, this.#vocabulary)
      this.#candidate = await start(model, this.#chunks, this.#task.threads)
    } catch (error) {
      model.free()
      throw error
    }
  }

  /** @throws QuantaloupeError `MODEL_REFUSED`, `DISK_FULL`, `FILE_NOT_WRITABLE` */
  async compareChunk(index: number): Promise<ChunkComparison> {
    if (!(index >= 0 && index < this.#chunks.count)) throw new Error(`There is no chunk ${index}`)
    if (this.#candidate === undefined) throw new Error('There is no candidate to compare')
    return this.#compare(index, await this.#referenceRows(index), this.#candidate)
  }

  async #referenceRows(index: number): Promise<ReferenceRows> {
    const record = this.#record
    if (record === undefined) return evaluatedRows(this.#reference.context)
    if (!record.has(index)) await this.#recordChunk(record, index)
    return recordedRows(record, index)
  }

  async #recordChunk(record: ReferenceRecord, index: number): Promise<void> {
    const reference = evaluatedRows(this.#reference.context)
    let position = 0
    for (const batch of this.#batches(this.#chunks.chunk(index))) {
      await reference.advance(batch)
      for (let row = 0; row < batch.rows; row++) record.write(index, position++, reference.row(row))
    }
    record.finish(index)
  }

  async #compare(index: number, reference: ReferenceRows, candidate: Running): Promise<ChunkComparison> {
    const chunk = this.#chunks.chunk(index)
    const sums = new ChunkSums(this.#chunks)
    candidate.context.clear()
    for (const batch of this.#batches(chunk)) {
      await reference.advance(batch)
      await candidate.context.read(batch.tokens, batch.silent)
      const next = batch.start + batch.silent + 1
      for (let row = 0; row < batch.rows; row++) {
        const token = chunk[next + row] as number
        const { referenceLoss, candidateLoss } = sums.add(
          reference.row(row),
          candidate.context.row(row),
          token,
        )
        if (Number.isNaN(referenceLoss)) throw noNumbers(this.#task.referencePath)
        if (Number.isNaN(candidateLoss)) throw noNumbers(candidate.model.path)
      }
    }
    return sums.comparison
  }

  #batches(chunk: Int32Array) {
    return batchesOf(chunk, this.#chunks, batchSize(this.#chunks.length, this.#vocabulary.size))
  }
}

async function start(model: LlamaModel, { length }: TextChunks, threads: number): Promise<Running> {
  const batch = batchSize(length, model.vocabulary)
  return { model, context: await createContext(model, { positions: length, batch, threads }) }
}

/** Adds up the positions of a chunk. */
class ChunkSums {
  readonly #tokens: number
  readonly #divergences: Float32Array
  readonly #position: PositionComparison = {
    divergence: 0,
    referenceLoss: 0,
    candidateLoss: 0,
    sameTop: false,
  }
  #count = 0
  #referenceLoss = 0
  #candidateLoss = 0
  #sameTop = 0

  constructor({ length, scored }: TextChunks) {
    this.#tokens = length
    this.#divergences = new Float32Array(scored)
  }

  /** The result holds until the next call. */
  add(reference: Float32Array, candidate: Float32Array, next: number): PositionComparison {
    const position = this.#position
    comparePosition(reference, candidate, next, position)
    this.#divergences[this.#count++] = position.divergence
    this.#referenceLoss += position.referenceLoss
    this.#candidateLoss += position.candidateLoss
    if (position.sameTop) this.#sameTop++
    return position
  }

  get comparison(): ChunkComparison {
    return {
      divergences: this.#divergences,
      referenceLoss: this.#referenceLoss,
      candidateLoss: this.#candidateLoss,
      sameTop: this.#sameTop,
      tokens: this.#tokens,
      scored: this.#count,
    }
  }
}
