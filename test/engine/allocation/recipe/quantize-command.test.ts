import { describe, expect, it } from 'vitest'
import {
  isRefusedWithoutImatrix,
  presetFor,
  quantizeCommand,
} from '../../../../main/engine/allocation/recipe/quantize-command.ts'
import { PRESETS } from '../../../../main/engine/allocation/presets/preset-list.ts'
import { FORMATS } from '../../../../main/engine/quantizers/registry.ts'

const TASK = {
  source: '/models/a b.gguf',
  output: 'a b-Q4_K_M.gguf',
  recipe: 'recipe.txt',
  imatrix: null,
  requantizes: false,
  preset: 'Q4_K_M',
}

describe('the command', () => {
  it('names recipe, source, output and preset', () => {
    const line = "llama-quantize --tensor-type-file recipe.txt '/models/a b.gguf' 'a b-Q4_K_M.gguf' Q4_K_M"
    expect(quantizeCommand(TASK)).toEqual({ bash: line, powershell: line })
  })

  it('quotes for each shell on its own', () => {
    const { bash, powershell } = quantizeCommand({ ...TASK, source: "it's.gguf" })
    expect(bash).toContain(" 'it'\\''s.gguf' ")
    expect(powershell).toContain(" 'it''s.gguf' ")
  })

  it('names the imatrix, and allows what is quantized to be quantized again', () => {
    const { bash } = quantizeCommand({ ...TASK, imatrix: 'my imatrix.dat', requantizes: true })
    expect(bash).toContain("llama-quantize --allow-requantize --imatrix 'my imatrix.dat' --tensor-type-file")
  })

  it('does not let a path be taken for an option', () => {
    expect(quantizeCommand({ ...TASK, source: '--help' }).bash).toContain(' ./--help ')
  })
})

describe('the preset of a plan', () => {
  it('is that of the format with the most bytes', () => {
    const planned = [
      { format: 'Q6_K', bytes: 50 },
      { format: 'Q3_K', bytes: 30 },
      { format: 'Q3_K', bytes: 30 },
    ]
    expect(presetFor(planned)).toBe('Q3_K_M')
  })

  it('is never one where recipes are ignored', () => {
    expect(presetFor([{ format: 'F16', bytes: 9 }, { format: 'IQ2_S', bytes: 1 }])).toBe('IQ2_M') // prettier-ignore
    expect(presetFor([{ format: 'BF16', bytes: 9 }])).toBe('Q8_0')
    expect(presetFor([])).toBe('Q8_0')
  })

  it.each(FORMATS.filter(({ family }) => family !== 'float'))(
    'of $name has that base, if the tool knows one',
    ({ name }) => {
      const preset = PRESETS.find((candidate) => candidate.name === presetFor([{ format: name, bytes: 1 }]))
      expect(preset?.base).toBe(name === 'NVFP4' ? 'Q8_0' : name)
      expect(preset?.name).not.toBe('Q2_K_S')
    },
  )
})

describe('the imatrix', () => {
  it('is demanded by llama-quantize for small formats, but not for embedding and output', () => {
    expect(isRefusedWithoutImatrix('blk.0.attn_q.weight', 'IQ3_XXS')).toBe(true)
    expect(isRefusedWithoutImatrix('output.weight', 'IQ3_XXS')).toBe(false)
    expect(isRefusedWithoutImatrix('token_embd.weight', 'IQ2_S')).toBe(false)
    expect(isRefusedWithoutImatrix('blk.0.attn_q.weight', 'IQ3_S')).toBe(false)
    expect(isRefusedWithoutImatrix('blk.0.attn_q.weight', 'Q2_K')).toBe(false)
  })
})
