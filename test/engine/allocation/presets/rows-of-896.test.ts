import { describe, expect, it } from 'vitest'
import { countFormats, effective, openShape, requested } from '../../../support/preset-formats.ts'
import { QWEN2_5_0_5B } from '../../../support/model-shapes.ts'
import { TemporaryFolder } from '../../../support/temporary-folder.ts'

const model = openShape(new TemporaryFolder(), QWEN2_5_0_5B)

// https://github.com/ollama/ollama/issues/9031: the log of a loader.
describe('a file of Qwen2.5 0.5B, whose rows are not whole super-blocks', () => {
  it('becomes as Q4_K_M mostly Q5_0', () => {
    const counts = { Q5_0: 132, Q8_0: 13, Q4_K: 12, Q6_K: 12 }
    expect(countFormats(model, effective(model, { preset: 'Q4_K_M' }))).toEqual(counts)
  })

  it('becomes as Q6_K mostly Q8_0', () => {
    expect(countFormats(model, effective(model, { preset: 'Q6_K' }))).toEqual({ Q8_0: 145, Q6_K: 24 })
  })

  it('is asked to have what the rules say, whatever the rows allow', () => {
    const formats = requested(model, { preset: 'Q4_K_M' })
    expect(formats.get('blk.3.attn_q.weight')).toBe('Q4_K')
    expect(formats.get('blk.0.attn_v.weight')).toBe('Q6_K')
  })

  it('is asked for Q8_0 at once where the embedding is the output and does not fit the base format', () => {
    expect(requested(model, { preset: 'Q4_K_M' }).get('token_embd.weight')).toBe('Q8_0')
    expect(requested(model, { preset: 'Q4_0' }).get('token_embd.weight')).toBe('Q6_K')
  })
})
