import { QuantaloupeError } from '../errors.ts'
import { metadataNumber, metadataString, readMetadataArray } from '../formats/metadata.ts'
import type { Model } from '../formats/model.ts'

/** What a layer keeps of every token. */
export interface AttentionLayer {
  /** Key heads, and as many value heads. */
  readonly heads: number
  /** Numbers per head. */
  readonly keyLength: number
  readonly valueLength: number
  /** Tokens that the layer looks back; null for all. */
  readonly window: number | null
}

export interface AttentionLayers {
  /** Those that keep keys and values. */
  readonly layers: readonly AttentionLayer[]
  /** A sentence on what the metadata left open. */
  readonly assumption: string | null
}

/**
 * Of so many layers in a row the last one looks back over the whole context and the others over a window, where the
 * metadata does not say so itself (llama.cpp, src/models).
 */
const WINDOW_PERIODS: ReadonlyMap<string, number> = new Map([
  ['gemma2', 2],
  ['gpt-oss', 2],
  ['cohere2', 4],
  ['exaone4', 4],
  ['olmo2', 4],
  ['afmoe', 4],
  ['gemma3', 6],
  ['plamo3', 8],
])

/** Keys of architectures that keep other states than keys and values, and what these are. */
const OTHER_MEMORIES: readonly (readonly [key: string, memory: string])[] = [
  ['attention.kv_lora_rank', 'compressed keys and values (multi-head latent attention)'],
  ['ssm.state_size', 'recurrent states'],
  ['ssm.inner_size', 'recurrent states'],
  ['wkv.head_size', 'recurrent states'],
  ['shortconv.l_cache', 'states of short convolutions'],
  ['attention.indexer.head_count', 'an index for sparse attention'],
  ['decoder_start_token_id', 'the states of an encoder'],
]
const OTHER_MEMORIES_IN_CONFIG: readonly (readonly [key: string, memory: string])[] = [
  ['kv_lora_rank', 'compressed keys and values (multi-head latent attention)'],
  ['ssm_cfg', 'recurrent states'],
  ['state_size', 'recurrent states'],
  ['mamba_d_state', 'recurrent states'],
  ['linear_num_value_heads', 'recurrent states'],
  ['conv_L_cache', 'states of short convolutions'],
  ['index_n_heads', 'an index for sparse attention'],
]

/** Reuses keys and values of earlier layers by a rule that is in no metadata. */
const SHARED_BY_CODE: ReadonlySet<string> = new Set(['gemma3n'])

/**
 * The layers that keep keys and values, from GGUF metadata or the configuration of a Hugging Face folder.
 *
 * @throws QuantaloupeError `KV_UNKNOWN`
 */
export function attentionLayers(model: Model): AttentionLayers {
  checkMemories(model)
  return model.container === 'gguf' ? layersOfGguf(model) : layersOfConfig(model)
}

function checkMemories(model: Model): void {
  const { architecture, metadata } = model
  const inGguf = OTHER_MEMORIES.map(([key, memory]) => [`${architecture}.${key}`, memory] as const)
  const inConfig = OTHER_MEMORIES_IN_CONFIG.flatMap(([key, memory]) =>
    configKeys(key).map((name) => [name, memory] as const),
  )
  const other = [...inGguf, ...inConfig].find(([key]) => metadata.has(key))
  if (other) throw unknown(model, `${architecture} models keep ${other[1]}`)
  if (metadata.get(`${architecture}.attention.causal`)?.value === false) {
    throw unknown(model, `${architecture} models do not generate text and keep nothing`)
  }
  if (architecture !== null && SHARED_BY_CODE.has(architecture)) {
    throw unknown(model, `${architecture} models share keys and values among layers`)
  }
}

function layersOfGguf(model: Model): AttentionLayers {
  const key = (name: string): string => `${model.architecture}.${name}`
  const number = (name: string): number | null => metadataNumber(model, key(name))
  const count = required(model, number('block_count'), key('block_count'), MOST.layers)
  const heads = perLayer(model, key('attention.head_count'), count)
  const keyHeads = perLayer(model, key('attention.head_count_kv'), count) ?? heads
  const width = number('embedding_length')
  const queryHeads = heads?.find((value) => value > 0)
  const usual = width !== null && queryHeads !== undefined ? Math.floor(width / queryHeads) : null
  const keyLength = required(model, number('attention.key_length') ?? usual, key('attention.key_length'))
  const valueLength = required(
    model,
    number('attention.value_length') ?? usual,
    key('attention.value_length'),
  )
  if (keyHeads === null) throw missing(model, key('attention.head_count_kv'))
  const windows = windowsOf(model, number('attention.sliding_window') ?? 0, count)
  const own = count - (number('nextn_predict_layers') ?? 0) - (number('attention.shared_kv_layers') ?? 0)
  const layers = keyHeads.slice(0, Math.max(0, own)).map((layerHeads, layer): AttentionLayer => {
    const window = windows.of[layer] ?? null
    return {
      heads: layerHeads,
      keyLength: window === null ? keyLength : (number('attention.key_length_swa') ?? keyLength),
      valueLength: window === null ? valueLength : (number('attention.value_length_swa') ?? valueLength),
      window,
    }
  })
  return { layers: layers.filter((layer) => layer.heads > 0), assumption: windows.assumption }
}

interface Windows {
  readonly of: readonly (number | null)[]
  readonly assumption: string | null
}

/** The window of every layer: by the pattern in the metadata, else by the architecture's own. */
function windowsOf(model: Model, window: number, count: number): Windows {
  if (window === 0) return { of: [], assumption: null }
  const key = `${model.architecture}.attention.sliding_window_pattern`
  const pattern = model.metadata.get(key)?.array ? perLayer(model, key, count) : null
  if (pattern) return { of: pattern.map((slides) => (slides === 0 ? null : window)), assumption: null }
  const period = metadataNumber(model, key) ?? WINDOW_PERIODS.get(model.architecture ?? '')
  if (period === undefined) return { of: [], assumption: windowIgnored(window) }
  const slides = (layer: number): boolean => period === 0 || layer % period < period - 1
  const of = Array.from({ length: count }, (_, layer) => (slides(layer) ? window : null))
  return { of, assumption: null }
}

function windowIgnored(window: number): string {
  return `The model has a sliding window of ${window} tokens; every layer is counted with the whole context, which is the most that it can need.`
}

function layersOfConfig(model: Model): AttentionLayers {
  const number = (...names: readonly string[]): number | null => configNumber(model, names)
  const count = required(
    model,
    number('num_hidden_layers', 'n_layer'),
    'config.num_hidden_layers',
    MOST.layers,
  )
  const heads = required(model, number('num_attention_heads', 'n_head'), 'config.num_attention_heads')
  const width = number('hidden_size', 'n_embd')
  const usual = width === null ? null : Math.floor(width / heads)
  const length = required(model, number('head_dim') ?? usual, 'config.head_dim')
  const keyHeads = number('num_key_value_heads', 'num_kv_heads') ?? heads
  const slides = model.metadata.get('config.use_sliding_window')?.value !== false
  const window = slides ? (number('sliding_window') ?? 0) : 0
  const kinds = Array.from({ length: count }, (_, layer) => configText(model, `layer_types.${layer}`))
  const strange = kinds.find((kind) => kind !== null && !/^(full|sliding)_attention$/.test(kind))
  if (strange !== undefined) throw unknown(model, `the model has layers of the kind ${strange}`)
  const layers = kinds.map((kind): AttentionLayer => ({
    heads: keyHeads,
    keyLength: length,
    valueLength: length,
    window: kind === 'sliding_attention' && window > 0 ? window : null,
  }))
  const isOpen = window > 0 && kinds.includes(null)
  return { layers, assumption: isOpen ? windowIgnored(window) : null }
}

/** One number for each layer: from an array, or the same for all; null when there is no such entry. */
function perLayer(model: Model, key: string, count: number): readonly number[] | null {
  const entry = model.metadata.get(key)
  if (entry?.array) {
    const values = readMetadataArray(model, entry, 0, count).map(Number)
    if (values.length < count || values.some(Number.isNaN)) throw missing(model, key)
    return values
  }
  const value = metadataNumber(model, key)
  return value === null ? null : Array<number>(count).fill(value)
}

/** Far above any real model: a crafted file must not make the program allocate without end. */
const MOST = { layers: 10_000, numbers: 1_000_000 }

function required(model: Model, value: number | null, key: string, most = MOST.numbers): number {
  if (value === null || !Number.isInteger(value) || value <= 0 || value > most) throw missing(model, key)
  return value
}

function configKeys(name: string): readonly string[] {
  return [`config.${name}`, `config.text_config.${name}`]
}

function configNumber(model: Model, names: readonly string[]): number | null {
  const key = names.flatMap(configKeys).find((name) => model.metadata.has(name))
  return key === undefined ? null : metadataNumber(model, key)
}

function configText(model: Model, name: string): string | null {
  const key = configKeys(name).find((candidate) => model.metadata.has(candidate))
  return key === undefined ? null : metadataString(model, key)
}

function missing(model: Model, key: string): QuantaloupeError {
  return unknown(model, `the model does not say ${key}, or nothing that can be used`)
}

function unknown(model: Model, reason: string): QuantaloupeError {
  return new QuantaloupeError('KV_UNKNOWN', `The memory for the context can not be told: ${reason}`, {
    place: model.path,
    remedy: 'Give the size of the file instead, and leave room for the context.',
  })
}
