import { metadataNumber, readMetadataArray } from '../../formats/metadata.ts'
import type { Model } from '../../formats/model.ts'

/** What preset rules ask about the whole model. */
export interface ModelTraits {
  readonly architecture: string | null
  /** Every layer, those that predict further tokens too. */
  readonly layers: number
  /** Query heads for each key and value head, rounded down; 0 where there are none. */
  readonly headsPerGroup: number
  /** 0 for dense models. */
  readonly experts: number
  /** llama.cpp labels the model "70B", which is decided by the number of layers. */
  readonly labelled70B: boolean
}

/** Hugging Face spellings of the keys, first found first. */
const CONFIG_KEYS: Readonly<Record<string, readonly string[]>> = {
  block_count: ['num_hidden_layers', 'n_layer'],
  'attention.head_count': ['num_attention_heads', 'n_head'],
  'attention.head_count_kv': ['num_key_value_heads', 'num_kv_heads'],
  expert_count: ['num_local_experts', 'num_experts', 'n_routed_experts'],
}

/** Layers at which an architecture is labelled "70B": llama.cpp src/models, load_arch_hparams. */
const LAYERS_OF_70B: ReadonlyMap<string, number> = new Map([
  ['llama', 80],
  ['llama-embed', 80],
  ['qwen2', 80],
  ['deci', 80],
  ['olmo', 80],
  ['jais2', 68],
])

/** Reads the traits from GGUF metadata, or from the configuration of a Hugging Face folder. */
export function modelTraits(model: Model): ModelTraits {
  const { architecture } = model
  const layers = trait(model, 'block_count') ?? layersOfNames(model)
  const heads = trait(model, 'attention.head_count') ?? 0
  const groups = trait(model, 'attention.head_count_kv') ?? heads
  const experts = trait(model, 'expert_count') ?? 0
  const isLlama = architecture === 'llama' || architecture === 'llama-embed'
  return {
    architecture,
    layers,
    headsPerGroup: groups === 0 ? 0 : Math.floor(heads / groups),
    experts,
    labelled70B:
      architecture !== null &&
      LAYERS_OF_70B.get(architecture) === layers &&
      !(isLlama && (heads === groups || experts === 8)),
  }
}

/** Of metadata that has a value for each layer, the first, as llama.cpp does. */
function trait(model: Model, key: string): number | null {
  const entry = model.metadata.get(`${model.architecture}.${key}`)
  if (entry?.array) return Number(readMetadataArray(model, entry, 0, 1)[0] ?? 0)
  if (entry) return metadataNumber(model, entry.key)
  const keys = (CONFIG_KEYS[key] ?? []).flatMap((name) => [`config.${name}`, `config.text_config.${name}`])
  const present = keys.find((name) => model.metadata.has(name))
  return present === undefined ? null : metadataNumber(model, present)
}

function layersOfNames({ tensors }: Model): number {
  return tensors.reduce((most, { layer }) => Math.max(most, (layer ?? -1) + 1), 0)
}
