import koffi from 'koffi'
import { inBackground, type Pointer } from './functions.ts'
import { refused, type LlamaModel } from './model.ts'
import { unavailable } from './prebuilt.ts'

export interface ContextSize {
  /** Positions that fit. */
  readonly positions: number
  /** Tokens per evaluation; so many rows of logits are kept. */
  readonly batch: number
  readonly threads: number
}

/** llama.cpp rounds the positions of a context up to whole cells of this size. */
const CELL = 256

/** State of one evaluation: what is read so far, and the logits of the last batch. */
export class LlamaContext {
  readonly #model: LlamaModel
  readonly #pointer: Pointer
  readonly #tokens: Pointer
  readonly #flags: Pointer
  readonly #row: Float32Array
  readonly #batch: number
  #logits: Pointer | null = null

  constructor(model: LlamaModel, pointer: Pointer, batch: number) {
    this.#model = model
    this.#pointer = pointer
    this.#batch = batch
    this.#tokens = koffi.alloc('int32_t', batch) as Pointer
    this.#flags = koffi.alloc('int8_t', batch) as Pointer
    this.#row = new Float32Array(model.vocabulary)
  }

  /** Forgets all that was read. */
  clear(): void {
    const { call } = this.#model.library
    call.memory_clear(call.get_memory(this.#pointer), true)
  }

  /**
   * Reads tokens behind the ones before; afterwards there is a row of logits for each but the first `silent`.
   *
   * @throws QuantaloupeError `MODEL_REFUSED`
   */
  async read(tokens: Int32Array, silent: number): Promise<void> {
    const { library, path } = this.#model
    if (tokens.length > this.#batch) throw new Error(`${tokens.length} tokens in a batch of ${this.#batch}`)
    const flags = new Int8Array(tokens.length).fill(1, silent)
    koffi.encode(this.#tokens, 'int32_t', tokens, tokens.length)
    koffi.encode(this.#flags, 'int8_t', flags, flags.length)
    library.complaints.take()
    const failed = await inBackground(library.call.decode, this.#pointer, {
      n_tokens: tokens.length,
      token: this.#tokens,
      embd: null,
      // Without positions and sequences llama.cpp continues its first sequence.
      pos: null,
      n_seq_id: null,
      seq_id: null,
      logits: this.#flags,
    })
    if (failed !== 0)
      throw refused(path, `llama.cpp does not evaluate this model: ${library.complaints.take()}`)
    this.#logits = silent < tokens.length ? library.call.get_logits(this.#pointer) : null
  }

  /** Logits of the last batch, f32[vocabulary], `index` counted from the first that is not silent; overwritten by the next call. */
  row(index: number): Float32Array {
    if (this.#logits === null) throw new Error('There are no logits')
    this.#model.library.copy(this.#row, this.#logits + BigInt(index * this.#row.byteLength))
    return this.#row
  }

  free(): void {
    this.#model.library.call.free(this.#pointer)
    koffi.free(this.#tokens)
    koffi.free(this.#flags)
  }
}

/**
 * @throws QuantaloupeError `MODEL_REFUSED` when there is not enough memory,
 *   `LLAMA_UNAVAILABLE` when the context is not what was asked for
 */
export async function createContext(model: LlamaModel, size: ContextSize): Promise<LlamaContext> {
  const { call, complaints } = model.library
  complaints.take()
  const pointer = await inBackground(call.init_from_model, model.pointer, {
    ...call.context_default_params(),
    n_ctx: size.positions,
    n_batch: size.batch,
    n_ubatch: size.batch,
    n_outputs_max_per_seq: 0,
    n_threads: size.threads,
    n_threads_batch: size.threads,
    // Flash attention sums in half precision on some processors.
    flash_attn_type: 0,
    // The processor alone.
    offload_kqv: false,
    op_offload: false,
  })
  if (pointer === null) {
    throw refused(model.path, `llama.cpp makes no context of ${size.positions} tokens: ${complaints.take()}`)
  }
  checkContext(model, pointer, size)
  return new LlamaContext(model, pointer, size.batch)
}

function checkContext({ library: { call } }: LlamaModel, pointer: Pointer, size: ContextSize): void {
  const expected: readonly (readonly [string, (context: Pointer) => number, number])[] = [
    ['positions', call.n_ctx, Math.ceil(size.positions / CELL) * CELL],
    ['tokens per batch', call.n_batch, size.batch],
    ['tokens per evaluation', call.n_ubatch, size.batch],
    ['sequences', call.n_seq_max, 1],
    ['threads', call.n_threads_batch, size.threads],
  ]
  for (const [what, read, value] of expected) {
    const found = read(pointer)
    if (found !== value) throw unavailable(`a context has ${found} ${what} instead of ${value}`)
  }
}
