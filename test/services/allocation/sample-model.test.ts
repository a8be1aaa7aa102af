import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createServices } from '../../../main/services/index.ts'
import type { Services } from '../../../main/services/index.ts'
import type { AllocationRequest, Sensitivities } from '../../../preload/contract.ts'
import {
  allocationRequest,
  choicesOf,
  exportedBytes,
  fileOf,
  formatsOf,
  measure,
  solved,
} from '../../support/allocations.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { callOk, ENGINE_WORKER, LLAMA_PROCESS } from '../../support/services.ts'

const IMATRIX = `${SAMPLE_FOLDER}/imatrix.gguf`
const FORMATS = ['Q3_K', 'IQ4_XS', 'Q4_K', 'Q5_K', 'Q6_K', 'Q8_0']
const DOWN = 'blk.2.ffn_down.weight'

/** The trained model, measured once with its imatrix. */
let services: Services
let model: string
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quantaloupe-'))
  services = createServices({
    workerUrl: ENGINE_WORKER,
    llamaUrl: LLAMA_PROCESS,
    dataFolder: folder,
    threads: 2,
    useNative: true,
    host: 'browser',
    roots: null,
    version: '0.0.0',
    initialModel: null,
  })
  model = (await services.library.open(SAMPLE_GGUF)).id
  await measure(services, model, FORMATS, { imatrix: IMATRIX })
}, 600_000)

afterAll(async () => {
  await services.close()
  rmSync(folder, { recursive: true, force: true })
})

const request = (changes: Partial<Omit<AllocationRequest, 'model'>> = {}): AllocationRequest =>
  allocationRequest(model, { formats: FORMATS, imatrix: IMATRIX, ...changes })

it('keeps the file within its budget to the byte, with what an imatrix adds to the header', async () => {
  for (const bytes of [3_690_944, 4_331_968]) {
    const plan = await solved(services, request(), fileOf(bytes))
    expect(plan.fileBytes).toBeLessThanOrEqual(bytes)
    expect(plan.fileBytes).toBeGreaterThan(bytes - 4096)
    expect(await exportedBytes(services, model, plan, IMATRIX)).toBe(plan.fileBytes)
  }
})

it('is at most a thousandth from what is possible, and says so', async () => {
  for (const bpw of [4, 4.25, 4.5, 5, 6]) {
    const plan = await solved(services, request(), { kind: 'bpw', bpw })
    expect(plan.gap).toBeLessThanOrEqual(0.001)
    expect(plan.lowerBound).toBeLessThanOrEqual(plan.predictedDamage ?? NaN)
  }
})

it('draws a frontier that falls, ends at the source, and has every solution on or above it', async () => {
  const { points, formats } = await callOk(services, 'allocation.frontier', request())
  expect(formats).toEqual(['Q3_K', 'IQ4_XS', 'Q4_K', 'Q5_K', 'Q6_K', 'Q8_0'])
  expect(points.at(-1)).toEqual({ fileBytes: 13_740_800, bpw: expect.any(Number) as number, damage: 0 })
  for (const [index, point] of points.entries()) {
    const next = points[index + 1]
    if (next) expect(point.fileBytes < next.fileBytes && point.damage > next.damage).toBe(true)
  }
  for (const point of points.filter((_, index) => index % 40 === 0)) {
    const plan = await solved(services, request(), fileOf(point.fileBytes))
    expect(plan.predictedDamage).toBeLessThanOrEqual(point.damage * (1 + 1e-12))
    expect(plan.bpw).toBeLessThanOrEqual(point.bpw)
  }
})

it('judges presets as it judges its own plans, and never does worse within their size', async () => {
  const { presets } = await callOk(services, 'allocation.frontier', request())
  expect(presets.map(({ name }) => name)).toContain('Q4_K_M')
  for (const { name, fileBytes, bpw, damage, error } of presets) {
    if (!['Q3_K_M', 'Q4_K_M', 'Q5_K_M', 'Q6_K', 'Q8_0'].includes(name)) continue
    const asked = { model, preset: name, method: 'reference', imatrix: IMATRIX } as const
    const plan = await callOk(services, 'plans.preset', asked)
    expect({ fileBytes, bpw, damage, error }).toEqual({
      fileBytes: plan.fileBytes,
      bpw: plan.bpw,
      damage: plan.predictedDamage,
      error: null,
    })
    const ours = await solved(services, request(), fileOf(fileBytes))
    expect(ours.predictedDamage).toBeLessThanOrEqual((damage ?? NaN) * (1 + 1e-12))
  }
  // Not measured in one of their formats.
  expect(presets.find(({ name }) => name === 'Q2_K')).toMatchObject({ damage: null, error: null })
})

it('shows presets that can not be made with the reason', async () => {
  const without = allocationRequest(model, { formats: FORMATS })
  const { presets } = await callOk(services, 'allocation.frontier', without)
  expect(presets.find(({ name }) => name === 'IQ2_XXS')).toMatchObject({
    fileBytes: 0,
    damage: null,
    error: { code: 'IMPORTANCE_NEEDED' },
  })
})

it('leaves out candidates that need importance where a tensor has none', async () => {
  const pool = request({ formats: ['IQ2_XXS', 'Q8_0'] })
  const { missing } = await callOk(services, 'allocation.frontier', pool)
  const [wanting] = missing
  expect(wanting?.format).toBe('IQ2_XXS')
  expect(wanting?.tensors).toContain(DOWN)
  expect(wanting?.tensors).not.toContain('token_embd.weight')
})

it('offers what makes sense where nobody names a pool', async () => {
  const open = allocationRequest(model, { imatrix: IMATRIX })
  const { formats } = await callOk(services, 'allocation.frontier', open)
  expect(formats).toEqual(
    'IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S Q2_K IQ3_XXS Q3_K IQ3_S IQ4_XS Q4_K IQ4_NL Q5_K Q6_K Q8_0'.split(' '),
  )
})

it('offers nothing that llama-quantize refuses without importance, unless it is named', async () => {
  const offered = async (formats?: readonly string[]) => {
    const blind = allocationRequest(model, formats ? { formats } : {})
    const { missing } = await callOk(services, 'allocation.frontier', blind)
    return missing.filter(({ tensors }) => tensors.includes(DOWN)).map(({ format }) => format)
  }
  expect(await offered()).toContain('IQ4_NL')
  expect(await offered()).not.toContain('IQ2_S')
  expect(await offered(['IQ2_S', 'IQ4_NL'])).toContain('IQ2_S')
})

it('chooses otherwise under other damage models', async () => {
  const budget = { kind: 'bpw', bpw: 4.5 } as const
  const [priors, plain, weighted] = await Promise.all(
    (['priors', 'error', 'importance'] as const).map((damage) =>
      solved(services, request({ damage: { model: damage } }), budget),
    ),
  )
  const chosen = [priors, plain, weighted].map((plan) => JSON.stringify(plan && formatsOf(plan)))
  expect(new Set(chosen).size).toBe(3)
  expect(priors?.damageModel).toBe('priors')
  // A plain sum crushes the large embedding, which priors protect.
  const bytesOf = (plan: typeof priors): number =>
    plan?.tensors.find(({ name }) => name === 'token_embd.weight')?.bytes ?? NaN
  expect(bytesOf(plain)).toBeLessThan(bytesOf(priors))
})

it('spends its bytes where measured sensitivities say', async () => {
  const path = join(folder, 'alpha.json')
  const names = services.library.get(model).model.tensors.filter(({ quantizable }) => quantizable)
  const groups = names.map(({ name }): Sensitivities['groups'][number] => {
    const alpha = name === DOWN ? 100 : 0.01
    const error = { relativeError: 0.1, weightedRelativeError: 0.1 }
    return {
      tensors: [name],
      format: 'Q4_K',
      ...error,
      kld: alpha / 100,
      perplexityChange: 0,
      alpha,
      standardError: 0.1,
    }
  })
  const write = (given: Sensitivities['groups']): void =>
    writeFileSync(path, JSON.stringify({ schema: 1, model: 'any', tokens: 1, context: 256, groups: given }))
  const damage = { model: 'measured', sensitivities: path } as const
  const solve = () => solved(services, request({ damage }), { kind: 'bpw', bpw: 4.5 })
  write(groups)
  expect(formatsOf(await solve())[DOWN]).toBe('F16')
  const { damage: described } = await callOk(services, 'allocation.frontier', request({ damage }))
  expect(described).toMatchObject({ model: 'measured', unit: 'nats', measuredTensors: 44, tensors: 44 })
  // Another file of the same name is noticed.
  write(groups.map((group) => ({ ...group, alpha: group.tensors[0] === DOWN ? 0 : 1 })))
  expect(formatsOf(await solve())[DOWN]).toBe('Q3_K')
})

it('fits weights, keys and values into a memory', async () => {
  const memory = { context: 1024, cacheType: 'F16' } as const
  const { kvBytes } = await callOk(services, 'allocation.memory', { model, ...memory })
  expect(kvBytes).toBeGreaterThan(0)
  const tensorBytes = (plan: Awaited<ReturnType<typeof solved>>): number =>
    plan.tensors.reduce((sum, { bytes }) => sum + bytes, 0)
  const bytes = kvBytes + 4_000_000
  const plan = await solved(services, request(), { kind: 'memory', bytes, ...memory })
  expect(tensorBytes(plan) + kvBytes).toBeLessThanOrEqual(bytes)
  expect(tensorBytes(plan)).toBeGreaterThan(3_990_000)
  const half = await solved(services, request(), { kind: 'memory', bytes, context: 1024, cacheType: 'Q8_0' })
  expect(tensorBytes(half)).toBeGreaterThan(tensorBytes(plan))
  for (const impossible of [kvBytes + 1000, 1e9]) {
    const budget = { kind: 'memory', bytes: impossible, ...memory } as const
    await expect(services.allocation.solve({ allocation: request(), budget })).rejects.toMatchObject({
      code: 'BUDGET_OUT_OF_REACH',
      details: {
        place: expect.stringContaining(`${kvBytes}`) as string,
        expected: expect.stringContaining('bytes of memory') as string,
      },
    })
  }
})

it('explains a choice by what the next formats would cost', async () => {
  const plan = await solved(services, request(), { kind: 'bpw', bpw: 4.75 })
  const choices = choicesOf(plan)
  const explained = await callOk(services, 'allocation.explain', {
    allocation: request(),
    choices,
    tensor: DOWN,
  })
  const { options, price, sentence, sensitivitySource } = explained
  expect(options.map(({ format }) => format).toSorted()).toEqual([...FORMATS, 'F16'].toSorted())
  const chosen = options.filter((option) => option.chosen)
  expect(chosen.map(({ format }) => format)).toEqual([formatsOf(plan)[DOWN]])
  expect(chosen[0]?.onHull).toBe(true)
  expect(sensitivitySource).toBe('prior')
  const hull = options.filter(({ onHull }) => onHull)
  for (const [index, option] of hull.entries()) {
    const before = hull[index - 1]
    const slope = before ? (before.damage - option.damage) / (option.bytes - before.bytes) : null
    if (slope === null) expect(option.slope).toBeNull()
    else expect((option.slope ?? NaN) / slope).toBeCloseTo(1, 9)
    // Steeper steps than the price are taken, flatter ones are not.
    if (slope !== null && option.bytes > (chosen[0]?.bytes ?? NaN)) expect(slope).toBeLessThanOrEqual(price)
    if (slope !== null && option.bytes < (chosen[0]?.bytes ?? NaN))
      expect(slope).toBeGreaterThanOrEqual(price)
  }
  const next = hull[hull.findIndex((option) => option.chosen) + 1]
  expect(sentence).toMatch(
    new RegExp(
      `^${next?.format} instead of ${chosen[0]?.format} would avoid [\\d.e+-]+ for [\\d.]+ [KM]iB: [\\d.e+-]+ per byte, (below|exactly) the price`,
    ),
  )
})

it('tells of pins in its explanation, and what they cost', async () => {
  const pins = { [DOWN]: { format: 'Q8_0', method: 'reference' } } as const
  const allocation = request({ pins })
  const choices = choicesOf(await solved(services, allocation, { kind: 'bpw', bpw: 4.5 }))
  const { sentence, options } = await callOk(services, 'allocation.explain', {
    allocation,
    choices,
    tensor: DOWN,
  })
  expect(sentence).toMatch(/^blk\.2\.ffn_down\.weight is pinned to Q8_0\. /)
  expect(options).toHaveLength(FORMATS.length + 1)
  expect(options.find(({ chosen }) => chosen)?.format).toBe('Q8_0')
})
