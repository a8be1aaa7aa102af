import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kvCacheBytes, type CacheType } from '../../../main/engine/allocation/kv-cache.ts'
import type { Model } from '../../../main/engine/formats/model.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import type { BuiltEntry } from '../../support/gguf-builder.ts'
import { LLAMA_3_1_8B, QWEN2_5_0_5B } from '../../support/model-shapes.ts'
import { buildSafetensors } from '../../support/safetensors-builder.ts'
import { writeShapedModel, type ModelShape } from '../../support/shaped-model.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'

const folder = new TemporaryFolder()

const KIB = 1024
const GIB = 1024 ** 3

let files = 0
function gguf(shape: ModelShape): Model {
  const inner = join(folder.path, `model-${files++}`)
  mkdirSync(inner)
  return openModel(writeShapedModel(inner, shape))
}

const small = (architecture: string, ...metadata: readonly BuiltEntry[]): Model =>
  gguf({ architecture, layers: 6, width: 64, feedForward: 64, heads: 2, groups: 1, vocabulary: 32, metadata })

const flags = (...values: readonly boolean[]): BuiltEntry[2] => ({ elementType: 'bool', elements: values })
const counts = (...values: readonly number[]): BuiltEntry[2] => ({ elementType: 'i32', elements: values })

describe('keys and values of', () => {
  it.each<[CacheType, number]>([
    ['F16', GIB],
    ['Q8_0', (GIB * 34) / 64],
    ['Q4_0', (GIB * 18) / 64],
  ])('Llama 3.1 8B with 8192 tokens in %s take what is known of it', (cacheType, bytes) => {
    const estimate = kvCacheBytes(gguf(LLAMA_3_1_8B), 8192, cacheType)
    expect(estimate.bytes).toBe(bytes)
    expect(estimate.bytesPerToken).toBe(bytes / 8192)
  })

  it('Llama 3.1 8B come with the calculation', () => {
    const model = gguf(LLAMA_3_1_8B)
    expect(kvCacheBytes(model, 8192, 'F16').formula).toBe(
      '32 layers x 8 heads x (128 key + 128 value) numbers x 2 bytes x 8192 tokens = 1073741824 bytes.',
    )
    expect(kvCacheBytes(model, 1, 'Q8_0').formula).toContain('34/32 bytes x 1 tokens = 69632 bytes.')
  })

  it('Qwen2.5 0.5B take 12 KiB a token', () => {
    expect(kvCacheBytes(gguf(QWEN2_5_0_5B), 32_768, 'F16').bytesPerToken).toBe(12 * KIB)
  })

  it('a model with heads longer than its width allows are as long as it says', () => {
    const model = small('qwen3', ['qwen3.attention.key_length', 'u32', 128], ['qwen3.attention.value_length', 'u32', 96]) // prettier-ignore
    expect(kvCacheBytes(model, 10, 'F16').bytes).toBe(6 * (128 + 96) * 2 * 10)
  })

  it('a model without a number of key heads have one for each query head', () => {
    const model = small('llama')
    const metadata = new Map([...model.metadata].filter(([key]) => !key.endsWith('head_count_kv')))
    expect(kvCacheBytes({ ...model, metadata }, 10, 'F16').bytes).toBe(6 * 2 * (32 + 32) * 2 * 10)
  })

  it('layers of different heads are added up, and those without heads keep nothing', () => {
    const model = small('deci', ['deci.attention.head_count_kv', 'array', counts(2, 0, 1, 0, 0, 1)])
    const estimate = kvCacheBytes(model, 10, 'F16')
    expect(estimate.bytes).toBe(4 * (32 + 32) * 2 * 10)
    expect(estimate.formula).toMatch(/^1 layer x 2 heads x .* \+ 2 layers x 1 head x /)
  })

  it('layers that predict further tokens, and those that share with earlier ones, are left out', () => {
    const model = small('glm4moe', ['glm4moe.nextn_predict_layers', 'u32', 1])
    expect(kvCacheBytes(model, 10, 'F16').bytes).toBe(5 * (32 + 32) * 2 * 10)
    const shared = small('gemma4', ['gemma4.attention.shared_kv_layers', 'u32', 2])
    expect(kvCacheBytes(shared, 10, 'F16').bytes).toBe(4 * (32 + 32) * 2 * 10)
  })
})

describe('a sliding window', () => {
  const layer = (32 + 32) * 2
  const window = (architecture: string): BuiltEntry => [
    `${architecture}.attention.sliding_window`,
    'u32',
    1000,
  ]

  it('of gemma 3 is kept by five of six layers, with a batch and rounded up', () => {
    const estimate = kvCacheBytes(small('gemma3', window('gemma3')), 10_000, 'F16')
    expect(estimate.bytes).toBe(layer * (5 * 1536 + 10_000))
    expect(estimate.bytesPerToken).toBe(layer)
    expect(estimate.formula).toContain('1536 tokens (window of 1000 and a batch of 512)')
  })

  it('is no longer than the context', () => {
    const estimate = kvCacheBytes(small('gemma3', window('gemma3')), 1200, 'F16')
    expect(estimate.bytes).toBe(layer * 6 * 1200)
    expect(estimate.bytesPerToken).toBe(6 * layer)
  })

  it('is kept by the layers that the metadata names', () => {
    const pattern = flags(true, false, true, true, true, true)
    const entries: BuiltEntry[] = [window('gemma4'), ['gemma4.attention.sliding_window_pattern', 'array', pattern]] // prettier-ignore
    const estimate = kvCacheBytes(small('gemma4', ...entries), 10_000, 'F16')
    expect(estimate.bytes).toBe(layer * (5 * 1536 + 10_000))
  })

  it('is kept in the period that the metadata names', () => {
    const period: BuiltEntry = ['cohere2.attention.sliding_window_pattern', 'u32', 3]
    const estimate = kvCacheBytes(small('cohere2', window('cohere2'), period), 10_000, 'F16')
    expect(estimate.bytes).toBe(layer * (4 * 1536 + 2 * 10_000))
  })

  it('has heads of its own length', () => {
    const length: BuiltEntry = ['gemma2.attention.key_length_swa', 'u32', 96]
    const estimate = kvCacheBytes(small('gemma2', window('gemma2'), length), 10_000, 'F16')
    expect(estimate.bytes).toBe(3 * layer * 10_000 + 3 * (96 + 32) * 2 * 1536)
  })

  it('of an unknown pattern counts as the whole context, and that is said', () => {
    const estimate = kvCacheBytes(small('phi3', window('phi3')), 10_000, 'F16')
    expect(estimate.bytes).toBe(6 * layer * 10_000)
    expect(estimate.formula).toMatch(/sliding window of 1000 tokens; every layer is counted/)
  })
})

describe('no number is given', () => {
  it.each<[string, BuiltEntry, RegExp]>([
    ['latent attention', ['deepseek2.attention.kv_lora_rank', 'u32', 512], /compressed keys and values/],
    ['recurrent states', ['jamba.ssm.state_size', 'u32', 16], /recurrent states/],
    ['RWKV', ['rwkv7.wkv.head_size', 'u32', 64], /recurrent states/],
    ['short convolutions', ['lfm2.shortconv.l_cache', 'u32', 3], /short convolutions/],
    ['an encoder', ['t5.decoder_start_token_id', 'u32', 0], /encoder/],
    ['models that generate nothing', ['bert.attention.causal', 'bool', false], /do not generate/],
    ['layers without number', ['llama.block_count', 'u32', 0], /llama\.block_count/],
    ['an absurd number of layers', ['llama.block_count', 'u32', 4_000_000_000], /llama\.block_count/],
    ['too few key heads', ['llama.attention.head_count_kv', 'array', counts(1, 1)], /head_count_kv/],
    ['keys without length', ['llama.attention.key_length', 'u32', 0], /key_length/],
  ])('for %s', (_, entry, reason) => {
    const model = small(entry[0].split('.')[0]!, entry)
    const error = errorOf(() => kvCacheBytes(model, 100, 'F16'))
    expect(error).toMatchObject({ code: 'KV_UNKNOWN', place: model.path, fault: 'input' })
    expect(error?.message).toMatch(reason)
  })

  it('for gemma 3n, whose layers share by a rule of the code', () => {
    expect(errorOf(() => kvCacheBytes(small('gemma3n'), 100, 'F16'))?.code).toBe('KV_UNKNOWN')
  })

  it('for blocks that do not divide the heads, but for F16', () => {
    const model = small('llama', ['llama.attention.key_length', 'u32', 80])
    expect(errorOf(() => kvCacheBytes(model, 100, 'Q8_0'))?.code).toBe('KV_UNKNOWN')
    expect(kvCacheBytes(model, 100, 'F16').bytes).toBe(6 * (80 + 32) * 2 * 100)
  })
})

describe('a Hugging Face folder', () => {
  function withConfig(config: object): Model {
    const path = join(folder.path, `folder-${files++}`)
    mkdirSync(path)
    writeFileSync(join(path, 'config.json'), JSON.stringify(config))
    const tensor = { name: 'model.embed_tokens.weight', dtype: 'F16', shape: [2, 2], data: new Uint8Array(8) }
    writeFileSync(join(path, 'model.safetensors'), buildSafetensors([tensor]))
    return openModel(path)
  }
  const LLAMA = {
    model_type: 'llama',
    num_hidden_layers: 4,
    hidden_size: 64,
    num_attention_heads: 2,
    num_key_value_heads: 1,
  }
  const TOKEN = 4 * (32 + 32) * 2

  it('is read from its configuration', () => {
    expect(kvCacheBytes(withConfig(LLAMA), 100, 'F16').bytes).toBe(TOKEN * 100)
    expect(kvCacheBytes(withConfig({ ...LLAMA, head_dim: 128 }), 100, 'F16').bytes).toBe(4 * TOKEN * 100)
    expect(kvCacheBytes(withConfig({ text_config: LLAMA }), 100, 'F16').bytes).toBe(TOKEN * 100)
  })

  it('has windows where its layers are said to slide', () => {
    const kinds = ['sliding_attention', 'full_attention', 'sliding_attention', 'full_attention']
    const model = withConfig({ ...LLAMA, sliding_window: 256, layer_types: kinds })
    expect(kvCacheBytes(model, 10_000, 'F16').bytes).toBe((TOKEN / 2) * (768 + 10_000))
  })

  it('counts a window in the whole context unless its layers are named, and says so unless it is switched off', () => {
    const open = kvCacheBytes(withConfig({ ...LLAMA, sliding_window: 256 }), 1000, 'F16')
    expect(open.bytes).toBe(TOKEN * 1000)
    expect(open.formula).toContain('sliding window of 256')
    const off = withConfig({ ...LLAMA, sliding_window: 256, use_sliding_window: false })
    expect(kvCacheBytes(off, 1000, 'F16').formula).not.toContain('sliding window')
  })

  it.each([
    ['linear attention', { ...LLAMA, layer_types: ['linear_attention', 'full_attention'] }],
    ['latent attention', { ...LLAMA, kv_lora_rank: 512 }],
    ['no layers', { model_type: 'llama' }],
  ])('with %s is not told', (_, config) => {
    expect(errorOf(() => kvCacheBytes(withConfig(config), 100, 'F16'))?.code).toBe('KV_UNKNOWN')
  })
})
