import { QuantaloupeError } from '../../engine/errors.ts'
import { inBackground, type Pointer } from './functions.ts'
import { openLibrary, type LlamaLibrary } from './library.ts'

/** A model in memory with its vocabulary. */
export class LlamaModel {
  readonly library: LlamaLibrary
  readonly path: string
  readonly pointer: Pointer
  readonly #vocabulary: Pointer
  /** Number of tokens in the vocabulary. */
  readonly vocabulary: number
  /** Of the tokenizer: `LLAMA_VOCAB_TYPE_SPM` and so on. */
  readonly vocabularyType: number
  /** What a text begins with; null where the model wants nothing there. */
  readonly bos: number | null

  constructor(library: LlamaLibrary, path: string, pointer: Pointer) {
    const { call } = library
    this.library = library
    this.path = path
    this.pointer = pointer
    this.#vocabulary = call.model_get_vocab(pointer)
    this.vocabulary = call.vocab_n_tokens(this.#vocabulary)
    this.vocabularyType = call.vocab_type(this.#vocabulary)
    this.bos = call.vocab_get_add_bos(this.#vocabulary) ? call.vocab_bos(this.#vocabulary) : null
  }

  /** Tokens of a text as llama-perplexity cuts it: BOS where the model wants it, special tokens are plain text. */
  tokenize(text: string): Int32Array {
    const bytes = new TextEncoder().encode(text)
    // One per byte and the text's ends are enough but where a space is spelled by three bytes.
    const tokens = new Int32Array(bytes.length + 2)
    const count = this.#tokenize(bytes, tokens)
    if (count >= 0) return tokens.slice(0, count)
    const all = new Int32Array(-count)
    this.#tokenize(bytes, all)
    return all
  }

  /** The number of tokens, or less than zero the number that there would be room needed for. */
  #tokenize(bytes: Uint8Array, tokens: Int32Array): number {
    const { call } = this.library
    return call.tokenize(this.#vocabulary, bytes, bytes.length, tokens, tokens.length, true, false)
  }

  detokenize(tokens: Int32Array): string {
    const { call } = this.library
    const measured = call.detokenize(
      this.#vocabulary,
      tokens,
      tokens.length,
      new Uint8Array(0),
      0,
      false,
      false,
    )
    const text = new Uint8Array(Math.abs(measured))
    call.detokenize(this.#vocabulary, tokens, tokens.length, text, text.length, false, false)
    return new TextDecoder().decode(text)
  }

  endsGeneration(token: number): boolean {
    return this.library.call.vocab_is_eog(this.#vocabulary, token)
  }

  free(): void {
    this.library.call.model_free(this.pointer)
  }
}

/**
 * Loads a model as llama.cpp's own programs do, on the processor alone.
 *
 * @throws QuantaloupeError `LLAMA_UNAVAILABLE`, `MODEL_REFUSED` with what llama.cpp says
 */
export async function loadModel(path: string): Promise<LlamaModel> {
  const library = openLibrary()
  const { call, complaints } = library
  complaints.take()
  const given = { ...call.model_default_params(), n_gpu_layers: 0 }
  const pointer = await inBackground(call.model_load_from_file, path, given)
  if (pointer === null) throw refused(path, `llama.cpp does not load this model: ${complaints.take()}`)
  if (call.model_has_encoder(pointer) || !call.model_has_decoder(pointer)) {
    call.model_free(pointer)
    throw refused(path, 'This model does not predict the next token of a text')
  }
  return new LlamaModel(library, path, pointer)
}

export const refused = (path: string, message: string): QuantaloupeError =>
  new QuantaloupeError('MODEL_REFUSED', message, { place: path })
