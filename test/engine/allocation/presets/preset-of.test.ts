import { describe, expect, it } from 'vitest'
import { PRESETS } from '../../../../main/engine/allocation/presets/preset-list.ts'
import { presetOf } from '../../../../main/engine/allocation/presets/preset-of.ts'
import { LLAMA_3_1_8B, MIXTRAL, QWEN2_5_0_5B } from '../../../support/model-shapes.ts'
import { effective, openShape } from '../../../support/preset-formats.ts'
import { TemporaryFolder } from '../../../support/temporary-folder.ts'

const folder = new TemporaryFolder()
const llama = openShape(folder, LLAMA_3_1_8B)
/** Without experts, MXFP4_MOE gives what Q8_0 gives. */
const DENSE = PRESETS.filter(({ name }) => name !== 'COPY' && name !== 'MXFP4_MOE')

describe('the preset of a plan', () => {
  it.each(DENSE)('is $name for what $name gives', ({ name }) => {
    for (const hasImportance of [false, true]) {
      const formats = effective(llama, { preset: name, hasImportance })
      expect(presetOf(llama, formats, hasImportance, 0)?.name).toBe(name)
    }
  })

  it('is MXFP4_MOE only where there are experts', () => {
    const mixtral = openShape(folder, MIXTRAL)
    expect(presetOf(mixtral, effective(mixtral, { preset: 'MXFP4_MOE' }), false, 38)?.name).toBe('MXFP4_MOE')
    expect(presetOf(llama, effective(llama, { preset: 'MXFP4_MOE' }), false, 7)?.name).toBe('Q8_0')
  })

  it('is known where rows replaced its base format', () => {
    const qwen = openShape(folder, QWEN2_5_0_5B)
    expect(presetOf(qwen, effective(qwen, { preset: 'Q4_K_M' }), false, 8)?.name).toBe('Q4_K_M')
  })

  it('is none when one tensor differs', () => {
    const formats = new Map([...effective(llama, { preset: 'Q4_K_M' }), ['blk.3.attn_k.weight', 'Q8_0']])
    expect(presetOf(llama, formats, false, 15)).toBeNull()
  })
})
