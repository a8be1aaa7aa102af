import { describe, expect, it } from 'vitest'
import {
  allocationRequest,
  EMBEDDING,
  fileOf,
  measure,
  openMeasured,
  QUERY,
} from '../../support/allocations.ts'
import {
  callOk,
  codeOf,
  floatTensor,
  testFolder,
  testServices,
  writeSmallModel,
} from '../../support/services.ts'

describe('measurements', () => {
  it('that are missing are named by format, and the frontier does without', async () => {
    const { services, model, request } = await openMeasured({ formats: ['Q4_K', 'Q8_0'] })
    await measure(services, model, ['Q6_K'], { tensors: [QUERY] })
    const wider = request({ formats: ['Q4_K', 'Q6_K', 'Q8_0'] })
    const frontier = await callOk(services, 'allocation.frontier', wider)
    expect(frontier.points.length).toBeGreaterThan(2)
    expect(frontier.missing).toEqual([
      { format: 'Q6_K', method: 'reference', tensors: expect.not.arrayContaining([QUERY]) as string[] },
    ])
    expect(frontier.missing[0]?.tensors).toHaveLength(4)
    expect([frontier.figures, frontier.sampledFigures]).toEqual([11, 0])
  })

  it('that are missing altogether leave no frontier and no plan', async () => {
    const services = testServices()
    const { id: model } = await services.library.open(writeSmallModel(testFolder()))
    const request = allocationRequest(model, { formats: ['Q4_K', 'Q8_0'] })
    await measure(services, model, ['Q4_K'], { tensors: [EMBEDDING] })
    const frontier = await callOk(services, 'allocation.frontier', request)
    expect(frontier.points).toEqual([])
    expect(frontier.missing.map(({ format, tensors }) => [format, tensors.length])).toEqual([
      ['Q4_K', 4],
      ['Q8_0', 5],
    ])
    await expect(
      services.allocation.solve({ allocation: request, budget: fileOf(1e5) }),
    ).rejects.toMatchObject({
      code: 'MEASUREMENTS_MISSING',
      details: {
        place: expect.stringContaining(QUERY) as string,
        expected: expect.stringContaining('Q4_K, Q8_0') as string,
      },
    })
  })

  it('that come in are used at once', async () => {
    const { services, model, request } = await openMeasured({ formats: ['Q4_K'] })
    const wider = request({ formats: ['Q4_K', 'Q3_K'] })
    const before = await callOk(services, 'allocation.frontier', wider)
    await measure(services, model, ['Q3_K'], { tensors: [QUERY] })
    const between = await callOk(services, 'allocation.frontier', wider)
    await measure(services, model, ['Q3_K'])
    const after = await callOk(services, 'allocation.frontier', wider)
    const least = [before, between, after].map(({ points }) => points[0]?.fileBytes ?? NaN)
    expect(least).toEqual([...least].sort((a, b) => b - a))
    expect(new Set(least).size).toBe(3)
    expect(after.missing).toEqual([])
  })

  it('of another process are noticed', async () => {
    const [dataFolder, path] = [testFolder(), writeSmallModel(testFolder())]
    const [here, there] = [testServices({ dataFolder }), testServices({ dataFolder })]
    const { id: model } = await here.library.open(path)
    const request = allocationRequest(model, { formats: ['Q4_K'] })
    expect((await callOk(here, 'allocation.frontier', request)).points).toEqual([])
    await measure(there, (await there.library.open(path)).id, ['Q4_K'])
    expect((await callOk(here, 'allocation.frontier', request)).points.length).toBeGreaterThan(1)
  })

  it('of a sample are counted', async () => {
    const services = testServices()
    const { id: model } = await services.library.open(writeSmallModel(testFolder()))
    const { id } = await services.analysis.start({
      model,
      formats: ['Q4_K'],
      method: 'reference',
      sample: 0.25,
    })
    await services.jobs.finished(id)
    const { figures, sampledFigures } = await callOk(
      services,
      'allocation.frontier',
      allocationRequest(model, { formats: ['Q4_K'] }),
    )
    expect([figures, sampledFigures]).toEqual([5, 5])
  })
})

it('offers a replaced format once', async () => {
  const extra = [floatTensor('blk.0.attn_k.weight', [96, 4], 9)]
  const formats = ['Q4_K', 'Q5_0', 'Q3_K']
  const { services, request } = await openMeasured({ formats, extra })
  const explained = { allocation: request(), choices: {}, tensor: 'blk.0.attn_k.weight' }
  const { options } = await callOk(services, 'allocation.explain', explained)
  expect(options.map(({ format, method }) => [format, method])).toEqual([
    ['Q3_K', 'reference'],
    ['Q5_0', 'reference'],
    ['F32', null],
  ])
})

it('explains a format that was chosen by hand, outside the pool', async () => {
  const { services, model, request } = await openMeasured({ formats: ['Q4_K', 'Q8_0'] })
  const choices = { [QUERY]: { format: 'Q6_K', method: 'reference' } } as const
  const explained = { allocation: request(), choices, tensor: QUERY }
  const chosen = async (): Promise<readonly string[]> =>
    (await callOk(services, 'allocation.explain', explained)).options
      .filter((option) => option.chosen)
      .map(({ format }) => format)
  expect(await chosen()).toEqual([])
  await measure(services, model, ['Q6_K'])
  expect(await chosen()).toEqual(['Q6_K'])
})

it('has nothing to explain where nothing is ever changed', async () => {
  const { services, request } = await openMeasured({ formats: ['Q4_K'] })
  const explained = { allocation: request(), choices: {}, tensor: 'blk.0.attn_norm.weight' }
  expect(await codeOf(services, 'allocation.explain', explained)).toBe('NOT_QUANTIZABLE')
})

it('forgets a model that is closed', async () => {
  const { services, model, request } = await openMeasured({ formats: ['Q4_K'] })
  await callOk(services, 'allocation.frontier', request())
  await callOk(services, 'models.close', { model })
  expect(await codeOf(services, 'allocation.frontier', request())).toBe('UNKNOWN_MODEL')
})
