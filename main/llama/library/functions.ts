import type { KoffiFunc, LibraryHandle } from 'koffi'
import { batch, contextParameters, modelParameters, type Values } from './layouts.ts'

/** Address in the library's memory. */
export type Pointer = bigint

type Call<Given extends unknown[], Result> = (...given: Given) => Result
type SlowCall<Given extends unknown[], Result> = KoffiFunc<Call<Given, Result>>

/** The functions of `llama.h` that are used here, under its names. */
export type LlamaFunctions = ReturnType<typeof bindFunctions>

export function bindFunctions(library: LibraryHandle) {
  return {
    version: library.func('str llama_version()') as Call<[], string>,
    log_set: library.func('void llama_log_set(void *callback, void *data)') as Call<[Pointer, null], void>,
    backend_init: library.func('void llama_backend_init()') as Call<[], void>,
    model_default_params: library.func('llama_model_default_params', modelParameters, []) as Call<[], Values>,
    context_default_params: library.func('llama_context_default_params', contextParameters, []) as Call<
      [],
      Values
    >,
    model_load_from_file: library.func('llama_model_load_from_file', 'void *', [
      'str',
      modelParameters,
    ]) as SlowCall<[string, Values], Pointer | null>,
    model_free: library.func('void llama_model_free(void *model)') as Call<[Pointer], void>,
    model_has_encoder: library.func('bool llama_model_has_encoder(void *model)') as Call<[Pointer], boolean>,
    model_has_decoder: library.func('bool llama_model_has_decoder(void *model)') as Call<[Pointer], boolean>,
    model_get_vocab: library.func('void *llama_model_get_vocab(void *model)') as Call<[Pointer], Pointer>,
    vocab_type: library.func('int32_t llama_vocab_type(void *vocab)') as Call<[Pointer], number>,
    vocab_n_tokens: library.func('int32_t llama_vocab_n_tokens(void *vocab)') as Call<[Pointer], number>,
    vocab_get_add_bos: library.func('bool llama_vocab_get_add_bos(void *vocab)') as Call<[Pointer], boolean>,
    vocab_bos: library.func('int32_t llama_vocab_bos(void *vocab)') as Call<[Pointer], number>,
    vocab_is_eog: library.func('bool llama_vocab_is_eog(void *vocab, int32_t token)') as Call<
      [Pointer, number],
      boolean
    >,
    tokenize: library.func(
      'int32_t llama_tokenize(void *vocab, void *text, int32_t length, void *tokens, int32_t room, bool add_special, bool parse_special)',
    ) as Call<[Pointer, Uint8Array, number, Int32Array, number, boolean, boolean], number>,
    detokenize: library.func(
      'int32_t llama_detokenize(void *vocab, void *tokens, int32_t count, void *text, int32_t room, bool remove_special, bool unparse_special)',
    ) as Call<[Pointer, Int32Array, number, Uint8Array, number, boolean, boolean], number>,
    init_from_model: library.func('llama_init_from_model', 'void *', [
      'void *',
      contextParameters,
    ]) as SlowCall<[Pointer, Values], Pointer | null>,
    free: library.func('void llama_free(void *context)') as Call<[Pointer], void>,
    n_ctx: library.func('uint32_t llama_n_ctx(void *context)') as Call<[Pointer], number>,
    n_batch: library.func('uint32_t llama_n_batch(void *context)') as Call<[Pointer], number>,
    n_ubatch: library.func('uint32_t llama_n_ubatch(void *context)') as Call<[Pointer], number>,
    n_seq_max: library.func('uint32_t llama_n_seq_max(void *context)') as Call<[Pointer], number>,
    n_threads_batch: library.func('int32_t llama_n_threads_batch(void *context)') as Call<[Pointer], number>,
    get_memory: library.func('void *llama_get_memory(void *context)') as Call<[Pointer], Pointer>,
    memory_clear: library.func('void llama_memory_clear(void *memory, bool data)') as Call<
      [Pointer, boolean],
      void
    >,
    decode: library.func('llama_decode', 'int32_t', ['void *', batch]) as SlowCall<[Pointer, Values], number>,
    get_logits: library.func('void *llama_get_logits(void *context)') as Call<[Pointer], Pointer | null>,
  }
}

/** Runs a function of the library on another thread, so that this process keeps listening to its parent. */
export function inBackground<Given extends unknown[], Result>(
  call: SlowCall<Given, Result>,
  ...given: Given
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: Result): void => (error ? reject(error) : resolve(result))
    call.async(...([...given, done] as Parameters<typeof call.async>))
  })
}
