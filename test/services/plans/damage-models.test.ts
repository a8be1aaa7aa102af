import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { DamageSettings, Plan, Sensitivities } from '../../../preload/contract.ts'
import { writeImatrix } from '../../support/expert-model.ts'
import { randomImportance } from '../../support/random-rows.ts'
import { callOk, choose, codeOf, testFolder, testServices, writeSmallModel } from '../../support/services.ts'

const COVERED = 'blk.0.attn_q.weight'
const BARE = 'blk.1.ffn_down.weight'

/** A small model, measured in Q4_K with an imatrix that knows one of its tensors. */
async function openMeasured() {
  const [services, folder] = [testServices(), testFolder()]
  const { id: model } = await services.library.open(writeSmallModel(folder))
  const entries = { [COVERED]: { sums: randomImportance('lognormal', 256, 3), counts: [4] } }
  const imatrix = writeImatrix(folder, 'gguf', entries)
  const { id } = await services.analysis.start({ model, formats: ['Q4_K'], method: 'reference', imatrix })
  await services.jobs.finished(id)
  const choices = choose(services, model, 'Q4_K')
  const evaluate = (damage?: DamageSettings) =>
    callOk(services, 'plans.evaluate', { model, choices, imatrix, ...(damage && { damage }) })
  const measured = new Map(services.analysis.results(id).map((figures) => [figures.tensor, figures]))
  return { services, model, imatrix, choices, evaluate, measured, folder }
}

function damageOf(plan: Plan, name: string): number {
  return plan.tensors.find((tensor) => tensor.name === name)?.damage ?? NaN
}

const squared = (error: number | null | undefined): number => (error ?? NaN) ** 2

function writeSensitivities(folder: string, groups: Sensitivities['groups']): string {
  const path = join(folder, 'alpha.json')
  const document: Sensitivities = { schema: 1, model: 'Small', tokens: 512, context: 256, groups }
  writeFileSync(path, JSON.stringify(document))
  return path
}

const group = (tensor: string, alpha: number): Sensitivities['groups'][number] => ({
  tensors: [tensor],
  format: 'Q4_K',
  relativeError: 0.1,
  weightedRelativeError: 0.1,
  kld: alpha * 0.01,
  perplexityChange: 0,
  alpha,
  standardError: alpha / 10,
})

it('squares plain errors in one model, weighted ones where there is importance in another', async () => {
  const { evaluate, measured } = await openMeasured()
  const [plain, weighted] = [await evaluate({ model: 'error' }), await evaluate({ model: 'importance' })]
  const figures = measured.get(COVERED)
  expect(damageOf(plain, COVERED)).toBeCloseTo(squared(figures?.relativeError), 12)
  expect(damageOf(weighted, COVERED)).toBeCloseTo(squared(figures?.weightedRelativeError), 12)
  expect(damageOf(plain, COVERED)).not.toBeCloseTo(damageOf(weighted, COVERED), 6)
  expect(damageOf(weighted, BARE)).toBe(damageOf(plain, BARE))
  expect([plain.damageModel, weighted.damageModel]).toEqual(['error', 'importance'])
})

it('takes role priors, never a plain sum, where nobody says which', async () => {
  const { evaluate } = await openMeasured()
  const [unnamed, priors] = [await evaluate(), await evaluate({ model: 'priors' })]
  const plain = await evaluate({ model: 'error' })
  expect(unnamed).toEqual(priors)
  expect(unnamed.damageModel).toBe('priors')
  const ratio = (name: string): number => damageOf(priors, name) / damageOf(plain, name)
  expect(ratio(BARE)).not.toBeCloseTo(ratio('token_embd.weight'), 6)
})

it('takes sensitivities from a file, in nats per squared error', async () => {
  const { evaluate, measured, folder } = await openMeasured()
  const sensitivities = writeSensitivities(folder, [group(COVERED, 0.5)])
  const plan = await evaluate({ model: 'measured', sensitivities })
  expect(damageOf(plan, COVERED)).toBeCloseTo(0.5 * squared(measured.get(COVERED)?.weightedRelativeError), 12)
  expect(plan.damageModel).toBe('measured')
})

it('multiplies the damage of a tensor by the user`s own factor', async () => {
  const { evaluate } = await openMeasured()
  const plain = await evaluate()
  const doubled = await evaluate({ model: 'priors', multipliers: { [BARE]: 2, [COVERED]: 0 } })
  expect(damageOf(doubled, BARE)).toBeCloseTo(2 * damageOf(plain, BARE), 9)
  expect(damageOf(doubled, COVERED)).toBe(0)
})

it('knows nothing of sensitivities that nobody measured', async () => {
  const { services, model, imatrix, choices } = await openMeasured()
  const request = { model, choices, imatrix, damage: { model: 'measured' } }
  expect(await codeOf(services, 'plans.evaluate', request)).toBe('SENSITIVITIES_MISSING')
})

it.each([
  ['no sensitivities', '{"hello": 1}', 'BAD_SENSITIVITIES'],
  ['sensitivities of another model', JSON.stringify({ schema: 1, model: 'Other', tokens: 1, context: 1, groups: [group('other.weight', 1)] }), 'BAD_SENSITIVITIES'], // prettier-ignore
])('refuses a file with %s', async (_what, text, code) => {
  const { services, model, choices, folder } = await openMeasured()
  const sensitivities = join(folder, 'bad.json')
  writeFileSync(sensitivities, text)
  const damage = { model: 'measured', sensitivities }
  expect(await codeOf(services, 'plans.evaluate', { model, choices, damage })).toBe(code)
})

it.each([
  [{ [COVERED]: -1 }, 'BAD_REQUEST'],
  [{ [COVERED]: Infinity }, 'BAD_REQUEST'],
  [{ 'no.weight': 1 }, 'UNKNOWN_TENSOR'],
])('refuses the factors %o', async (multipliers, code) => {
  const { services, model, choices } = await openMeasured()
  const damage = { model: 'priors', multipliers }
  expect(await codeOf(services, 'plans.evaluate', { model, choices, damage })).toBe(code)
})

it('refuses factors that are no numbers where no schema has checked them', async () => {
  const { services, model, choices } = await openMeasured()
  const damage = { model: 'priors', multipliers: { [COVERED]: NaN } } as const
  await expect(services.plans.evaluate({ model, choices, damage })).rejects.toMatchObject({
    code: 'BAD_MULTIPLIER',
  })
})
