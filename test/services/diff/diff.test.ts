import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  callOk,
  codeOf,
  choose,
  floatTensor,
  testFolder,
  testServices,
  touch,
  writeSmallModel,
} from '../../support/services.ts'

it('finds the error that the analysis measured between a model and its export', async () => {
  const services = testServices()
  const { id: model } = await services.library.open(writeSmallModel(testFolder()))
  const analysis = await services.analysis.start({ model, formats: ['Q4_K'], method: 'reference' })
  await services.jobs.finished(analysis.id)
  const path = join(testFolder(), 'q4.gguf')
  const choices = choose(services, model, 'Q4_K')
  const { id } = await callOk(services, 'export.start', {
    model,
    choices,
    path,
    overwrite: false,
    allowRequantize: false,
  })
  await services.jobs.finished(id)
  const other = await services.library.open(path)
  const progress: number[] = []
  const differences = await services.diff.compare(model, other.id, {
    onProgress: (done) => progress.push(done),
  })
  const measured = new Map(
    services.analysis.results(analysis.id).map((result) => [result.tensor, result.relativeError]),
  )
  for (const { name, status, relativeError, a, b } of differences) {
    expect(status).toBe('compared')
    expect(relativeError).toBeCloseTo(measured.get(name) ?? 0, 10)
    expect(b?.type).toBe(measured.has(name) ? 'Q4_K' : a?.type)
  }
  expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7])
})

it('tells tensors of one side only, other shapes, and what can not be decoded', async () => {
  const services = testServices()
  const coded = { name: 'blk.0.ffn_up.weight', shape: [256, 2], typeId: 9, data: new Uint8Array(576) }
  const left = {
    extra: [floatTensor('blk.0.attn_k.weight', [256, 4], 5), floatTensor('a.weight', [256, 2], 6), coded],
  }
  const right = {
    extra: [floatTensor('blk.0.attn_k.weight', [256, 8], 5), floatTensor('b.weight', [256, 2], 6), coded],
  }
  const a = await services.library.open(writeSmallModel(testFolder(), left))
  const b = await services.library.open(writeSmallModel(testFolder(), right))
  const differences = await services.diff.compare(a.id, b.id)
  expect(
    differences.slice(-4).map(({ name, status, relativeError }) => [name, status, relativeError]),
  ).toEqual([
    ['blk.0.attn_k.weight', 'shapes differ', null],
    ['a.weight', 'only in A', null],
    ['blk.0.ffn_up.weight', 'not decodable', null],
    ['b.weight', 'only in B', null],
  ])
})

it('counts weights that are not finite apart', async () => {
  const services = testServices()
  const a = await services.library.open(writeSmallModel(testFolder(), { weights: [NaN, 1] }))
  const b = await services.library.open(writeSmallModel(testFolder(), { weights: [1, Infinity] }))
  const [difference] = (await services.diff.compare(a.id, b.id)).filter(
    ({ name }) => name === 'blk.0.attn_q.weight',
  )
  expect(difference).toMatchObject({ nonFinite: 2, relativeError: 0 })
})

it('stops when told to', async () => {
  const services = testServices()
  const path = writeSmallModel(testFolder(), { layers: 4 })
  const { id } = await services.library.open(path)
  const compared = services.diff.compare(id, id, { signal: AbortSignal.abort() })
  await expect(compared).rejects.toMatchObject({ code: 'CANCELLED' })
})

it('fails when a file has changed', async () => {
  const services = testServices()
  const [a, b] = [writeSmallModel(testFolder()), writeSmallModel(testFolder())]
  const ids = [(await services.library.open(a)).id, (await services.library.open(b)).id] as const
  touch(b)
  await expect(services.diff.compare(...ids)).rejects.toMatchObject({
    code: 'FILE_CHANGED',
    details: { place: b },
  })
})

it('aligns two opened models without reading their weights', async () => {
  const services = testServices()
  const extra = [floatTensor('b.weight', [256, 2], 6)]
  const a = await callOk(services, 'models.open', { path: writeSmallModel(testFolder()) })
  const b = await callOk(services, 'models.open', { path: writeSmallModel(testFolder(), { extra }) })
  const pairs = await callOk(services, 'models.pairs', { a: a.id, b: b.id })
  expect(pairs.map(({ name }) => name)).toEqual([
    ...services.library.get(a.id).model.tensors.map(({ name }) => name),
    'b.weight',
  ])
  const embedding = { type: 'F16', shape: [256, 64], bytes: 32_768 }
  expect(pairs[0]).toEqual({ name: 'token_embd.weight', a: embedding, b: embedding })
  expect(pairs.at(-1)).toEqual({
    name: 'b.weight',
    a: null,
    b: { type: 'F32', shape: [256, 2], bytes: 2048 },
  })
})

it('gives the error of one pair as the comparison of all does', async () => {
  const services = testServices()
  const [a, b] = [writeSmallModel(testFolder()), writeSmallModel(testFolder(), { seed: 50 })]
  const ids = [(await services.library.open(a)).id, (await services.library.open(b)).id] as const
  for (const { name, relativeError, nonFinite } of await services.diff.compare(...ids)) {
    const pair = { a: ids[0], b: ids[1], tensor: name }
    expect(relativeError).toBeGreaterThan(1)
    expect(await callOk(services, 'models.pairError', pair)).toEqual({ relativeError, nonFinite })
  }
})

it('answers for a pair while a job holds all threads', async () => {
  const services = testServices({ threads: 1 })
  const path = writeSmallModel(testFolder(), { layers: 8, rows: 512 })
  const { id: model } = await services.library.open(path)
  const request = { model, formats: ['IQ2_S', 'IQ3_S'], method: 'reference' as const }
  const analysis = await services.analysis.start(request)
  const pair = { a: model, b: model, tensor: 'token_embd.weight' }
  expect(await callOk(services, 'models.pairError', pair)).toEqual({ relativeError: 0, nonFinite: 0 })
  const jobs = await callOk(services, 'jobs.list', null)
  expect(jobs.find(({ id }) => id === analysis.id)?.state).toBe('running')
  await callOk(services, 'jobs.cancel', { job: analysis.id })
})

it('tells a tensor of one side from one of neither', async () => {
  const services = testServices()
  const extra = [floatTensor('b.weight', [256, 2], 6)]
  const a = await services.library.open(writeSmallModel(testFolder()))
  const b = await services.library.open(writeSmallModel(testFolder(), { extra }))
  const pair = { a: a.id, b: b.id }
  expect(await callOk(services, 'models.pairError', { ...pair, tensor: 'b.weight' })).toEqual({
    relativeError: null,
    nonFinite: 0,
  })
  expect(await codeOf(services, 'models.pairError', { ...pair, tensor: 'c.weight' })).toBe('UNKNOWN_TENSOR')
  expect(await codeOf(services, 'models.pairs', { ...pair, b: 'model-99' })).toBe('UNKNOWN_MODEL')
})
