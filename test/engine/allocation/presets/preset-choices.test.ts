import { describe, expect, it } from 'vitest'
import { presetChoices } from '../../../../main/engine/allocation/presets/preset-choices.ts'
import { EMULATED_REVISION, PRESETS } from '../../../../main/engine/allocation/presets/preset-list.ts'
import { fileTypeById } from '../../../../main/engine/formats/file-type.ts'
import { openModel } from '../../../../main/engine/formats/open-model.ts'
import { FORMATS } from '../../../../main/engine/quantizers/registry.ts'
import { buildGguf } from '../../../support/gguf-builder.ts'
import { MIXTRAL, TIED } from '../../../support/model-shapes.ts'
import { openShape, requested } from '../../../support/preset-formats.ts'
import { matrix } from '../../../support/shaped-model.ts'
import { buildSafetensors, floats } from '../../../support/safetensors-builder.ts'
import { TemporaryFolder } from '../../../support/temporary-folder.ts'
import { errorOf } from '../../../support/thrown.ts'

const folder = new TemporaryFolder()
const model = openShape(folder, TIED)

describe('the presets', () => {
  it('are named after a revision of llama.cpp', () => {
    expect(EMULATED_REVISION).toMatch(/^007dbbf3[0-9a-f]{32}$/)
  })

  it('have the file type and base format that llama.cpp gives their name', () => {
    for (const { name, fileType, base } of PRESETS) {
      if (fileType === null) continue
      expect({ label: fileTypeById(fileType)?.label, type: fileTypeById(fileType)?.type }).toEqual({ label: name, type: base }) // prettier-ignore
    }
  })

  it('cover every format that llama.cpp loads', () => {
    const bases = new Set(PRESETS.map(({ base }) => base))
    expect(FORMATS.map(({ name }) => name).filter((name) => !bases.has(name))).toEqual([])
  })
})

describe('the choices of a preset', () => {
  it.each([
    ['Q4_K', 'Q4_K_M'],
    ['Q3_K', 'Q3_K_M'],
    ['Q5_K', 'Q5_K_M'],
  ])('are for the alias %s those of %s', (alias, name) => {
    expect(requested(model, { preset: alias })).toEqual(requested(model, { preset: name }))
  })

  it.each(PRESETS)('are for a pure $name its base format alone', ({ name, base }) => {
    const formats = new Set(requested(openShape(folder, MIXTRAL), { preset: name, pure: true }).values())
    expect([...formats]).toEqual(base === null ? [] : [base])
  })

  it.each(['F32', 'F16', 'BF16'])('are for %s that format for every matrix', (preset) => {
    const formats = requested(model, { preset })
    expect(new Set(formats.values())).toEqual(new Set([preset]))
    expect(formats.size).toBe(model.tensors.filter(({ quantizable }) => quantizable).length)
  })

  it('are none for COPY', () => {
    expect(requested(model, { preset: 'COPY' }).size).toBe(0)
  })

  it('leave out what llama.cpp does not quantize', () => {
    expect(requested(model, { preset: 'Q4_K_M' }).has('blk.0.attn_norm.weight')).toBe(false)
  })

  it('leave out what can not be decoded, which still counts as a layer', () => {
    const values = [0, 1, 2].map((layer) => ({
      ...matrix(`blk.${layer}.attn_v`, 256, 4),
      ...(layer === 0 ? { typeId: 15 } : {}),
    }))
    const metadata = [
      ['general.architecture', 'string', 'llama'],
      ['llama.block_count', 'u32', 3],
    ] as const
    const path = folder.write('undecodable.gguf', buildGguf({ metadata, tensors: values }))
    const formats = requested(openModel(path), { preset: 'Q3_K_M' })
    expect([...formats]).toEqual([
      ['blk.1.attn_v.weight', 'Q5_K'],
      ['blk.2.attn_v.weight', 'Q4_K'],
    ])
  })

  it('carry the method', () => {
    const choices = presetChoices(model, { preset: 'Q4_K_M', method: 'reference', hasImportance: false })
    expect(new Set(Object.values(choices).map(({ method }) => method))).toEqual(new Set(['reference']))
  })

  it('keep a method that the base format lacks, so that it is refused by name', () => {
    const choices = presetChoices(model, { preset: 'F16', method: 'gptq', hasImportance: false })
    expect(new Set(Object.values(choices).map(({ method }) => method))).toEqual(new Set(['gptq']))
  })

  it('of an unknown name are refused with the names there are', () => {
    const request = { preset: 'Q4_K_X', method: 'reference', hasImportance: false } as const
    expect(errorOf(() => presetChoices(model, request))).toMatchObject({
      code: 'PRESET_UNKNOWN',
      expected: expect.stringContaining('Q4_K_M, Q4_K,') as string,
    })
  })

  it('of Hugging Face weights are those of the converted model, the experts of a layer together', () => {
    const experts = [0, 1].flatMap((layer) =>
      [0, 1].map((expert) => ({
        name: `model.layers.${layer}.block_sparse_moe.experts.${expert}.w2.weight`,
        dtype: 'F32',
        shape: [2, 128],
        data: floats(new Array<number>(256).fill(1)),
      })),
    )
    const path = folder.write('experts.safetensors', buildSafetensors(experts))
    const formats = requested(openModel(path), { preset: 'MXFP4_MOE' })
    expect(formats.size).toBe(4)
    expect(new Set(formats.values())).toEqual(new Set(['MXFP4']))
  })
})
