import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  callOk,
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
