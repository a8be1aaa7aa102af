import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { quantizeRecipe, recipeChoices, saveRecipe } from '../../../main/services/plans/recipe.ts'
import { resolveChoices } from '../../../main/services/plans/resolve-choices.ts'
import type { OpenedModel } from '../../../main/services/library/library.ts'
import { FORMATS } from '../../../main/engine/quantizers/registry.ts'
import type { PlanChoices } from '../../../preload/contract.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { floatTensor, testFolder, testServices, writeSmallModel } from '../../support/services.ts'
import { errorOf } from '../../support/thrown.ts'

const open = (path: string): Promise<OpenedModel> => testServices().library.open(path)

/** Another format for every matrix in turn. */
function mixedChoices({ model }: OpenedModel): PlanChoices {
  const matrices = model.tensors.filter(({ quantizable }) => quantizable)
  return Object.fromEntries(
    matrices.map(({ name }, index) => [
      name,
      { format: FORMATS[index % FORMATS.length]!.name, method: 'reference' as const },
    ]),
  )
}

describe('the recipe of a plan', () => {
  it('names every tensor that is quantized, and is read back as the same choices', async () => {
    const opened = await open(SAMPLE_GGUF)
    const choices = mixedChoices(opened)
    const { text } = quantizeRecipe(opened, resolveChoices(opened, choices))
    expect(text.split('\n')).toHaveLength(Object.keys(choices).length + 1)
    expect(recipeChoices(opened, text)).toEqual({ choices, findings: [] })
  })

  it('names what keeps its stored type, and what replaces a format that the rows do not allow', async () => {
    const extra = [floatTensor('blk.0.attn_k.weight', [96, 4], 9)]
    const opened = await open(writeSmallModel(testFolder(), { extra }))
    const choices = { 'blk.0.attn_k.weight': { format: 'Q4_K', method: 'reference' as const } }
    const { text } = quantizeRecipe(opened, resolveChoices(opened, choices))
    expect(text.split('\n')).toEqual([
      '^token_embd\\.weight$=f16',
      '^blk\\.0\\.attn_k\\.weight$=q5_0',
      '^blk\\.0\\.attn_q\\.weight$=f32',
      '^blk\\.0\\.ffn_down\\.weight$=f32',
      '^blk\\.1\\.attn_q\\.weight$=f32',
      '^blk\\.1\\.ffn_down\\.weight$=f32',
      '',
    ])
  })

  it('is saved as it is shown', async () => {
    const opened = await open(SAMPLE_GGUF)
    const resolved = resolveChoices(opened, mixedChoices(opened))
    const path = join(testFolder(), 'recipe.txt')
    saveRecipe(opened, resolved, path)
    expect(readFileSync(path, 'utf8')).toBe(quantizeRecipe(opened, resolved).text)
  })

  it('that is bad chooses nothing', async () => {
    const opened = await open(SAMPLE_GGUF)
    expect(errorOf(() => recipeChoices(opened, 'attn_q=q4_k\nattn_v=q4_k_m'))).toMatchObject({
      code: 'BAD_RECIPE',
      place: 'line 2: attn_v=q4_k_m',
    })
  })

  it('of Hugging Face weights uses the names of the converted model', async () => {
    const opened = await open(SAMPLE_FOLDER)
    const choices = mixedChoices(opened)
    const { text, bash, findings } = quantizeRecipe(opened, resolveChoices(opened, choices))
    expect(text).toContain('^blk\\.0\\.attn_q\\.weight$=')
    expect(bash).toContain(' novelist-7m.gguf ')
    expect(findings).toMatchObject([{ code: 'IMPORTANCE_NEEDED' }, { code: 'CONVERSION_NEEDED' }])
    expect(recipeChoices(opened, text).choices).toEqual(choices)
  })
})

describe('the command of a plan', () => {
  it('names source, imatrix and the preset of most bytes', async () => {
    const opened = await open(SAMPLE_GGUF)
    const choices = Object.fromEntries(
      opened.model.tensors
        .filter(({ quantizable }) => quantizable)
        .map(({ name }) => [name, { format: 'Q4_K', method: 'reference' as const }]),
    )
    const { bash, findings } = quantizeRecipe(
      opened,
      resolveChoices(opened, choices),
      '/texts/my imatrix.gguf',
    )
    const [path, output] = [SAMPLE_GGUF, 'novelist-7m-f16-Q4_K_M.gguf']
    expect(bash).toBe(
      `llama-quantize --imatrix '/texts/my imatrix.gguf' --tensor-type-file recipe.txt ${path} ${output} Q4_K_M`,
    )
    expect(findings).toEqual([])
  })

  it('has a place for the imatrix that llama-quantize wants', async () => {
    const opened = await open(SAMPLE_GGUF)
    const choices = { 'blk.0.attn_q.weight': { format: 'IQ3_XXS', method: 'reference' as const } }
    const { bash, findings } = quantizeRecipe(opened, resolveChoices(opened, choices))
    expect(bash).toContain(' --imatrix imatrix.gguf ')
    expect(findings).toMatchObject([{ code: 'IMPORTANCE_NEEDED' }])
  })

  it('tells where the plan rounds in a way that llama-quantize does not know', async () => {
    const opened = await open(SAMPLE_GGUF)
    const choices = {
      'blk.0.attn_q.weight': { format: 'Q4_0', method: 'optimal' as const },
      'blk.0.attn_k.weight': { format: 'Q4_0', method: 'reference' as const },
    }
    const { findings } = quantizeRecipe(opened, resolveChoices(opened, choices))
    expect(findings).toMatchObject([{ code: 'METHOD_NOT_IN_RECIPE' }])
    expect(findings[0]?.message).toContain('blk.0.attn_q.weight')
    expect(findings[0]?.message).not.toContain('blk.0.attn_k.weight')
  })

  it('allows weights to be quantized again where they are', async () => {
    const folder = testFolder()
    const path = join(folder, 'quantized.gguf')
    const tensor = { name: 'blk.0.attn_q.weight', shape: [256, 4], typeId: 8, data: new Uint8Array(1088) }
    const metadata = [['general.architecture', 'string', 'llama']] as const
    writeFileSync(path, buildGguf({ metadata, tensors: [tensor] }))
    const opened = await open(path)
    const choices = { [tensor.name]: { format: 'Q4_K', method: 'reference' as const } }
    expect(quantizeRecipe(opened, resolveChoices(opened, choices)).bash).toContain('--allow-requantize')
    expect(quantizeRecipe(opened, resolveChoices(opened, {})).bash).not.toContain('--allow-requantize')
  })
})
