import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Plan } from '../../../preload/contract.ts'
import { allocationRequest, solved } from '../../support/allocations.ts'
import { SAMPLE_FOLDER } from '../../support/sample-model.ts'
import {
  callOk,
  choose,
  codeOf,
  floatTensor,
  testFolder,
  testServices,
  writeSmallModel,
} from '../../support/services.ts'

async function openSmall(options: Parameters<typeof writeSmallModel>[1] = {}) {
  const services = testServices()
  const path = writeSmallModel(testFolder(), options)
  return { services, path, model: (await services.library.open(path)).id }
}

const REFERENCE = { method: 'reference' as const }

it('replaces a format that does not fit the rows and keeps what was asked for', async () => {
  const { services, model } = await openSmall({ extra: [floatTensor('blk.0.attn_k.weight', [96, 32], 5)] })
  const choices = { 'blk.0.attn_k.weight': { format: 'Q4_K', ...REFERENCE } }
  const { tensors } = await callOk(services, 'plans.evaluate', { model, choices })
  expect(tensors.find(({ name }) => name === 'blk.0.attn_k.weight')).toMatchObject({
    format: 'Q5_0',
    requested: 'Q4_K',
    bytes: 32 * 3 * 22,
  })
})

it('predicts no damage while a changed tensor is not measured', async () => {
  const { services, model } = await openSmall()
  const choices = choose(services, model, 'Q4_K')
  const before = await callOk(services, 'plans.evaluate', { model, choices })
  expect(before.predictedDamage).toBeNull()
  expect(before.tensors.filter(({ error }) => error === null)).toHaveLength(5)
  expect(before.tensors.filter(({ error }) => error === 0)).toHaveLength(2)
})

it('predicts the sum of what every tensor adds once all changed tensors are measured', async () => {
  const { services, model } = await openSmall()
  const choices = choose(services, model, 'Q4_K')
  const { id } = await services.analysis.start({ model, formats: ['Q4_K'], ...REFERENCE })
  await services.jobs.finished(id)
  const plan = await callOk(services, 'plans.evaluate', { model, choices, damage: { model: 'error' } })
  const errors = services.analysis.results(id).map(({ relativeError }) => relativeError ?? NaN)
  expect(plan.predictedDamage).toBeCloseTo(
    errors.reduce((sum, error) => sum + error * error, 0),
    12,
  )
  for (const { method, error, damage } of plan.tensors) {
    expect(damage).toBeCloseTo(method === null ? 0 : (error ?? NaN) ** 2, 12)
  }
  const partly = await callOk(services, 'plans.evaluate', {
    model,
    choices: { ...choices, 'blk.0.attn_q.weight': { format: 'Q8_0', ...REFERENCE } },
  })
  expect(partly.predictedDamage).toBeNull()
})

it('predicts no damage at all for a plan that changes nothing', async () => {
  const { services, model } = await openSmall()
  const plan = await callOk(services, 'plans.evaluate', { model, choices: {} })
  expect(plan.predictedDamage).toBe(0)
  expect(plan.fileBytes).toBe(services.library.get(model).model.bytes)
})

it.each([
  [{ 'no.weight': { format: 'Q4_K', ...REFERENCE } }, 'UNKNOWN_TENSOR'],
  [{ 'blk.0.attn_q.weight': { format: 'Q9', ...REFERENCE } }, 'FORMAT_UNKNOWN'],
  [{ 'blk.0.attn_norm.weight': { format: 'Q8_0', ...REFERENCE } }, 'NOT_QUANTIZABLE'],
  [{ 'blk.0.attn_q.weight': { format: 'Q4_K', method: 'gptq' } }, 'METHOD_UNSUPPORTED'],
])('refuses %o', async (choices, code) => {
  const { services, model } = await openSmall()
  expect(await codeOf(services, 'plans.evaluate', { model, choices })).toBe(code)
})

it('saves a plan and gives it back, judged anew', async () => {
  const { services, model } = await openSmall()
  const path = join(testFolder(), 'plan.json')
  const choices = {
    ...choose(services, model, 'Q4_K'),
    'blk.0.attn_q.weight': { format: 'Q8_0', ...REFERENCE },
  }
  const plan = await callOk(services, 'plans.evaluate', { model, choices })
  await callOk(services, 'plans.save', { plan, path })
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(plan)
  const { id } = await services.analysis.start({ model, formats: ['Q4_K', 'Q8_0'], ...REFERENCE })
  await services.jobs.finished(id)
  const { plan: loaded } = await callOk(services, 'plans.load', { model, path })
  expect(loaded.predictedDamage).toBeGreaterThan(0)
  const strip = (given: Plan) => given.tensors.map((tensor) => ({ ...tensor, error: null, damage: null }))
  expect(strip(loaded)).toEqual(strip(plan))
  expect(readdirSync(join(path, '..'))).toEqual(['plan.json'])
})

it('gives back plans that were saved before tensors had a damage of their own', async () => {
  const { services, model } = await openSmall()
  const path = join(testFolder(), 'plan.json')
  const plan = await callOk(services, 'plans.evaluate', { model, choices: choose(services, model, 'Q4_K') })
  const tensors = plan.tensors.map((tensor) => ({ ...tensor, damage: undefined }))
  writeFileSync(path, JSON.stringify({ ...plan, damageModel: 'error', tensors }))
  expect((await callOk(services, 'plans.load', { model, path })).plan).toEqual(plan)
})

it('gives back a plan that a search has found', async () => {
  const { services, model } = await openSmall()
  const path = join(testFolder(), 'plan.json')
  const { id } = await services.analysis.start({ model, formats: ['Q4_K', 'Q8_0'], ...REFERENCE })
  await services.jobs.finished(id)
  const allocation = allocationRequest(model, { formats: ['Q4_K', 'Q8_0'] })
  const plan = await solved(services, allocation, { kind: 'bpw', bpw: 8 })
  expect(plan.price).toBeGreaterThan(0)
  await callOk(services, 'plans.save', { plan, path })
  const { plan: loaded } = await callOk(services, 'plans.load', { model, path })
  expect(loaded.tensors).toEqual(plan.tensors)
  expect(loaded.predictedDamage).toBeCloseTo(plan.predictedDamage ?? NaN, 9)
  expect([loaded.lowerBound, loaded.gap, loaded.price]).toEqual([null, null, undefined])
})

it('takes a recipe for a plan, and refuses a bad one', async () => {
  const { services, model } = await openSmall()
  const [path, bad] = [join(testFolder(), 'recipe.txt'), join(testFolder(), 'bad.txt')]
  const choices = choose(services, model, 'Q4_K')
  await callOk(services, 'plans.saveRecipe', { model, choices, path })
  const { text } = await callOk(services, 'plans.recipe', { model, choices })
  expect(readFileSync(path, 'utf8')).toBe(text)
  const { plan: loaded } = await callOk(services, 'plans.load', { model, path })
  expect(loaded).toEqual(await callOk(services, 'plans.evaluate', { model, choices }))
  writeFileSync(path, `${text}nothing=q4_k\n`)
  const { findings } = await callOk(services, 'plans.load', { model, path })
  expect(findings).toMatchObject([{ code: 'RECIPE_UNUSED' }])
  writeFileSync(bad, 'blk\\.0=q9_z\n')
  expect(await codeOf(services, 'plans.load', { model, path: bad })).toBe('BAD_RECIPE')
})

it('applies a plan only to the model it was made for', async () => {
  const { services, model } = await openSmall()
  const path = join(testFolder(), 'plan.json')
  await callOk(services, 'plans.save', {
    plan: await callOk(services, 'plans.evaluate', { model, choices: {} }),
    path,
  })
  const deeper = await services.library.open(writeSmallModel(testFolder(), { layers: 3 }))
  const shallower = await services.library.open(writeSmallModel(testFolder(), { layers: 1 }))
  expect(await codeOf(services, 'plans.load', { model: deeper.id, path })).toBe('PLAN_MISMATCH')
  expect(await codeOf(services, 'plans.load', { model: shallower.id, path })).toBe('PLAN_MISMATCH')
})

it.each([
  ['no JSON', '{"schema": 1,', 'BAD_PLAN'],
  ['another document', '{"hello": 1}', 'BAD_PLAN'],
  ['a newer schema', '{"schema": 2, "tensors": []}', 'BAD_PLAN'],
])('refuses a plan file with %s', async (_what, content, code) => {
  const { services, model } = await openSmall()
  const path = join(testFolder(), 'plan.json')
  writeFileSync(path, content)
  expect(await codeOf(services, 'plans.load', { model, path })).toBe(code)
})

it('says so when there is no plan file or no folder for it', async () => {
  const { services, model } = await openSmall()
  const plan = await callOk(services, 'plans.evaluate', { model, choices: {} })
  const path = join(testFolder(), 'no', 'plan.json')
  expect(await codeOf(services, 'plans.load', { model, path })).toBe('FILE_NOT_FOUND')
  expect(await codeOf(services, 'plans.save', { plan, path })).toBe('FOLDER_NOT_FOUND')
})

it('has no exact size to tell for a safetensors model', async () => {
  const services = testServices()
  const { id: model } = await services.library.open(SAMPLE_FOLDER)
  expect(await codeOf(services, 'plans.evaluate', { model, choices: {} })).toBe('CONVERSION_NEEDED')
})
