import { expect, it } from 'vitest'
import { choicesOf, formatsOf } from '../../support/allocations.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { callOk, codeOf, testFolder, testServices, writeSmallModel } from '../../support/services.ts'

const IMATRIX = `${SAMPLE_FOLDER}/imatrix.gguf`
const REFERENCE = { method: 'reference' as const }

async function openSample() {
  const services = testServices()
  return { services, model: (await services.library.open(SAMPLE_GGUF)).id }
}

it('lists every preset and the revision of llama.cpp whose rules they are', async () => {
  const { revision, presets } = await callOk(testServices(), 'plans.presets', null)
  expect(revision).toMatch(/^[0-9a-f]{40}$/)
  expect(presets.find(({ name }) => name === 'Q4_K_M')).toMatchObject({
    aliases: ['Q4_K'],
    base: 'Q4_K',
    fileType: 15,
  })
})

it('gives a preset`s mix, by its name or alias', async () => {
  const { services, model } = await openSample()
  const plan = await callOk(services, 'plans.preset', { model, preset: 'Q4_K_M', ...REFERENCE })
  expect(plan).toMatchObject({ schema: 1, damageModel: 'priors', lowerBound: null, gap: null })
  expect(formatsOf(plan)).toMatchObject({
    'blk.0.attn_norm.weight': 'F32',
    'blk.0.attn_q.weight': 'Q4_K',
    'blk.5.ffn_down.weight': 'Q6_K',
  })
  expect(await callOk(services, 'plans.preset', { model, preset: 'Q4_K', ...REFERENCE })).toEqual(plan)
})

it('gives one format to all where a preset is taken pure', async () => {
  const { services, model } = await openSample()
  const plan = await callOk(services, 'plans.preset', { model, preset: 'Q4_K_M', ...REFERENCE, pure: true })
  const formats = new Set(plan.tensors.filter(({ method }) => method).map(({ requested }) => requested))
  expect([...formats]).toEqual(['Q4_K'])
})

it('follows the rules for an imatrix where one is given', async () => {
  const { services, model } = await openSample()
  const request = { model, preset: 'IQ3_XXS', ...REFERENCE }
  const without = formatsOf(await callOk(services, 'plans.preset', request))
  const withImatrix = formatsOf(await callOk(services, 'plans.preset', { ...request, imatrix: IMATRIX }))
  expect(without['blk.3.ffn_down.weight']).toBe('Q3_K')
  expect(withImatrix['blk.3.ffn_down.weight']).toBe('IQ3_XXS')
})

it.each(['IQ1_S', 'IQ2_XXS', 'IQ2_S'])(
  'makes %s although the imatrix has nothing about the embedding',
  async (preset) => {
    const { services, model } = await openSample()
    const request = { model, preset, ...REFERENCE, imatrix: IMATRIX }
    const choices = choicesOf(await callOk(services, 'plans.preset', request))
    const plan = await callOk(services, 'plans.evaluate', { model, choices, imatrix: IMATRIX })
    expect(services.plans.findings({ model, choices, imatrix: IMATRIX })).toContainEqual(
      expect.objectContaining({ code: 'IMPORTANCE_MISSING' }),
    )
    expect(plan.fileBytes).toBeLessThan(4_000_000)
    expect(await codeOf(services, 'plans.evaluate', { model, choices })).toBe('IMPORTANCE_NEEDED')
  },
)

it('refuses a preset that is none', async () => {
  const services = testServices()
  const { id: model } = await services.library.open(writeSmallModel(testFolder()))
  const request = { model, preset: 'Q7_Z', ...REFERENCE }
  expect(await codeOf(services, 'plans.preset', request)).toBe('PRESET_UNKNOWN')
})
