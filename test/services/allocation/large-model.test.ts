import { expect, it } from 'vitest'
import { allocationRequest, fileOf, solved } from '../../support/allocations.ts'
import { makeUpMeasurements } from '../../support/made-up-measurements.ts'
import { LLAMA_3_1_8B, MIXTRAL } from '../../support/model-shapes.ts'
import type { ModelShape } from '../../support/shaped-model.ts'
import { writeShapedModel } from '../../support/shaped-model.ts'
import { callOk, testFolder, testServices } from '../../support/services.ts'

/** A model that is a header and a hole, with errors that nobody measured. */
async function openShaped(shape: ModelShape, fraction = 1) {
  const dataFolder = testFolder()
  const path = writeShapedModel(testFolder(), shape)
  makeUpMeasurements(dataFolder, path, { fraction })
  const services = testServices({ dataFolder })
  return { services, request: allocationRequest((await services.library.open(path)).id) }
}

const DEEP: ModelShape = { ...LLAMA_3_1_8B, layers: 48 }

it('thins a frontier of thousands of points and keeps its ends', async () => {
  const { services, request } = await openShaped(DEEP)
  const { points, figures, sampledFigures } = await callOk(services, 'allocation.frontier', request)
  expect(figures).toBeGreaterThan(3000)
  expect(sampledFigures).toBe(0)
  expect(points).toHaveLength(2000)
  const [first, last] = [points[0], points.at(-1)]
  expect((await solved(services, request, fileOf(first?.fileBytes ?? NaN))).fileBytes).toBe(first?.fileBytes)
  expect(last?.damage).toBe(0)
  expect((await solved(services, request, fileOf(last?.fileBytes ?? NaN))).predictedDamage).toBe(0)
  for (const index of [1, 500, 1000, 1500, 1998]) {
    const { fileBytes = NaN, damage = NaN, bpw } = points[index] ?? {}
    const plan = await solved(services, request, fileOf(fileBytes))
    expect(plan.predictedDamage).toBeCloseTo(damage, 6)
    expect(plan.fileBytes).toBeLessThanOrEqual(fileBytes)
    expect(plan.bpw).toBeLessThanOrEqual(bpw ?? NaN)
  }
})

it('closes the gap to a thousandth all along the frontier', async () => {
  const { services, request } = await openShaped(DEEP)
  for (let bpw = 2.75; bpw <= 8.5; bpw += 0.25) {
    const plan = await solved(services, request, { kind: 'bpw', bpw })
    expect(plan.gap).toBeLessThanOrEqual(0.001)
    expect(plan.bpw).toBeLessThanOrEqual(bpw)
  }
})

it('gives a stack of experts one format, and counts figures of samples', async () => {
  const { services, request } = await openShaped(MIXTRAL, 0.1)
  const { figures, sampledFigures } = await callOk(services, 'allocation.frontier', request)
  expect(sampledFigures).toBe(figures)
  const plan = await solved(services, request, { kind: 'bpw', bpw: 4 })
  expect(plan.tensors.filter(({ name }) => name.includes('_exps'))).toHaveLength(96)
})
