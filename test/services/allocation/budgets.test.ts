import { describe, expect, it } from 'vitest'
import { measureExport } from '../../../main/services/exports/output-layout.ts'
import { resolveChoices } from '../../../main/services/plans/resolve-choices.ts'
import type { Services } from '../../../main/services/index.ts'
import type { AllocationRequest } from '../../../preload/contract.ts'
import { choicesOf, exportedBytes, fileOf, openMeasured, sizes, solved } from '../../support/allocations.ts'
import { callOk, choose } from '../../support/services.ts'

describe('a budget', () => {
  it('is never exceeded by the written file, and the plan tells its size to the byte', async () => {
    const { services, model, request } = await openMeasured()
    for (const bytes of await sizes(services, request(), 4)) {
      const plan = await solved(services, request(), fileOf(bytes))
      expect(plan.fileBytes).toBeLessThanOrEqual(bytes)
      expect(await exportedBytes(services, model, plan)).toBe(plan.fileBytes)
    }
  })

  it('gets the least damage that any choices within it have', async () => {
    const { services, model, request } = await openMeasured()
    const every = await everyPlan(services, model, request())
    for (const bytes of await sizes(services, request(), 25)) {
      const plan = await solved(services, request(), fileOf(bytes))
      const fitting = every.filter(({ fileBytes }) => fileBytes <= bytes).map(({ damage }) => damage)
      const best = Math.min(...fitting)
      expect(plan.lowerBound).toBeLessThanOrEqual(best * (1 + 1e-12))
      expect(plan.predictedDamage).toBeGreaterThanOrEqual(best * (1 - 1e-12))
      expect((plan.predictedDamage ?? NaN) - (plan.lowerBound ?? NaN)).toBeCloseTo(
        (plan.gap ?? NaN) * (plan.predictedDamage ?? NaN),
        9,
      )
      expect(plan.gap).toBeLessThanOrEqual(0.001)
    }
  })

  it('holds where the header depends on the choices', async () => {
    // Integers that weigh more than all the rest: a file of small formats has no `general.file_type`.
    const indices = { name: 'blk.0.indices', shape: [256, 40], typeId: 26 }
    const formats = ['Q3_K', 'Q8_0', 'F16']
    const { services, model, request } = await openMeasured({ formats, extra: [indices] })
    const headers = new Set<number>()
    for (const bytes of await sizes(services, request(), 40)) {
      const plan = await solved(services, request(), fileOf(bytes))
      expect(plan.fileBytes).toBeLessThanOrEqual(bytes)
      const [opened, choices] = [services.library.get(model), choicesOf(plan)]
      const size = measureExport(opened.model, resolveChoices(opened, choices), { imatrix: null })
      expect(plan.fileBytes).toBe(size.fileBytes)
      headers.add(size.headerBytes)
    }
    expect(headers.size).toBeGreaterThan(1)
  })

  it('may be bits per weight, over the bytes of all tensors', async () => {
    const { services, request } = await openMeasured()
    for (const bpw of [4.5, 5.25, 8]) {
      const plan = await solved(services, request(), { kind: 'bpw', bpw })
      expect(plan.bpw).toBeLessThanOrEqual(bpw)
      const again = await solved(services, request(), { kind: 'bpw', bpw: plan.bpw })
      expect(again.tensors).toEqual(plan.tensors)
    }
  })

  it.each([
    ['file', (limit: number) => fileOf(limit)],
    ['bpw', (limit: number) => ({ kind: 'bpw' as const, bpw: limit })],
  ])('of kind %s is refused below the smallest and above the largest plan', async (kind, budget) => {
    const { services, request } = await openMeasured()
    const { points } = await callOk(services, 'allocation.frontier', request())
    const size = kind === 'file' ? 'fileBytes' : 'bpw'
    const [least, most] = [points[0]?.[size] ?? NaN, points.at(-1)?.[size] ?? NaN]
    const refused = async (limit: number) =>
      services.allocation.solve({ allocation: request(), budget: budget(limit) })
    for (const limit of [least * 0.99, most * 1.01]) {
      await expect(refused(limit)).rejects.toMatchObject({ code: 'BUDGET_OUT_OF_REACH' })
    }
    expect((await solved(services, request(), budget(least)))[size]).toBe(least)
    expect((await solved(services, request(), budget(most)))[size]).toBe(most)
    const error = await refused(least - 1).catch((thrown: unknown) => thrown)
    const shown = (bpw: number): string => String(bpw).slice(0, 4)
    const [from, to] = kind === 'file' ? [String(least), String(most)] : [shown(least), shown(most)]
    expect(error).toMatchObject({ details: { expected: expect.stringMatching(`${from}.*${to}`) as string } })
  })
})

/** Every combination of formats, with its exact size and its damage. */
async function everyPlan(services: Services, model: string, request: AllocationRequest) {
  const opened = services.library.get(model)
  const [names, types] = [Object.keys(choose(services, model, 'Q4_K')), [...(request.formats ?? []), 'keep']]
  const damages = new Map<string, number>()
  for (const format of types) {
    const choices = format === 'keep' ? {} : choose(services, model, format)
    const { tensors } = await callOk(services, 'plans.evaluate', { model, choices })
    for (const { name, damage } of tensors) damages.set(`${name} ${format}`, damage ?? NaN)
  }
  return Array.from({ length: types.length ** names.length }, (_, index) => {
    const picked = names.map((name, place) => ({
      name,
      format: types[Math.floor(index / types.length ** place) % types.length] ?? '',
    }))
    const changed = picked.filter(({ format }) => format !== 'keep')
    const choices = Object.fromEntries(
      changed.map(({ name, format }) => [name, { format, method: 'reference' as const }]),
    )
    const { fileBytes } = measureExport(opened.model, resolveChoices(opened, choices), { imatrix: null })
    const damage = picked.reduce(
      (sum, { name, format }) => sum + (damages.get(`${name} ${format}`) ?? NaN),
      0,
    )
    return { fileBytes, damage }
  })
}
