import { describe, expect, it } from 'vitest'
import { outputOrder } from '../../../../main/engine/allocation/presets/output-order.ts'
import { openModel } from '../../../../main/engine/formats/open-model.ts'
import { describeLlama } from '../../../support/describe-llama.ts'
import { runLlamaQuantize } from '../../../support/llama-quantize.ts'
import { LATENT } from '../../../support/model-shapes.ts'
import { matrix, writeShapedModel } from '../../../support/shaped-model.ts'
import { TemporaryFolder } from '../../../support/temporary-folder.ts'

const path = writeShapedModel(new TemporaryFolder().path, {
  ...LATENT,
  layers: 12,
  extra: [matrix('zeta', 256, 2), matrix('enc.blk.3.attn_v', 256, 2)],
})

const names = outputOrder(openModel(path)).map(({ name }) => name)

describe('the order of the output', () => {
  it('begins with what is in no layer, then goes by number and name', () => {
    expect(names.slice(0, 6)).toEqual([
      'enc.blk.3.attn_v.weight',
      'output.weight',
      'output_norm.weight',
      'token_embd.weight',
      'zeta.weight',
      'blk.0.attn_kv_a_mqa.weight',
    ])
    expect(names.indexOf('blk.10.attn_q_a.weight')).toBeGreaterThan(
      names.indexOf('blk.9.ffn_up_shexp.weight'),
    )
  })
})

describeLlama('the order of llama.cpp', () => {
  it('is that of the output', async () => {
    const [outcome] = await runLlamaQuantize([{ source: path, target: null, fileType: 7 }])
    expect(Object.keys(outcome!.types)).toEqual(names)
  })
})
