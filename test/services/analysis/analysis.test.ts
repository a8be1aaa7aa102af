import { expect, it } from 'vitest'
import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { typescriptKernels } from '../../../main/engine/kernels/kernels.ts'
import { measureBand } from '../../../main/engine/metrics/measure-band.ts'
import { rowBands } from '../../../main/engine/metrics/row-bands.ts'
import { profileOf, summarize } from '../../../main/engine/metrics/summarize.ts'
import { formatByName } from '../../../main/engine/quantizers/registry.ts'
import { RowReader } from '../../../main/engine/tensor/row-reader.ts'
import type { Services } from '../../../main/services/index.ts'
import type { AnalysisRequest, CachedMeasurement, Job } from '../../../preload/contract.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import {
  callOk,
  floatTensor,
  testFolder,
  testServices,
  touch,
  writeSmallModel,
} from '../../support/services.ts'

type Request = Partial<AnalysisRequest> & Pick<AnalysisRequest, 'formats'>

async function analyze(
  services: Services,
  path: string,
  request: Request,
): Promise<{ job: Job; results: readonly CachedMeasurement[]; model: string }> {
  const { id: model } = await services.library.open(path)
  const started = await services.analysis.start({ model, method: 'reference', ...request })
  const job = await services.jobs.finished(started.id)
  return { job, results: services.analysis.results(started.id), model }
}

/** What the engine itself computes, in this thread. */
function measureDirectly(path: string, name: string, formatName: string) {
  const model = openModel(path)
  const tensor = model.tensors.find((candidate) => candidate.name === name)
  const format = formatByName(formatName)
  if (!tensor || !format) throw new Error('No such tensor or format')
  return FileBytes.with(path, (file) => {
    const reader = new RowReader(file, { ...tensor, littleEndian: true }, typescriptKernels)
    const bands = rowBands(tensor.shape).map((band) => {
      const targets = [{ format, method: 'reference' as const }]
      const given = {
        reader,
        kernels: typescriptKernels,
        band,
        sample: 1,
        targets,
        importance: null,
        covariance: null,
      }
      return measureBand({ ...given, step: () => undefined })[0]!
    })
    const what = { requested: formatName, format, method: 'reference' as const }
    return { measurement: summarize(bands, tensor, what), profile: profileOf(bands) }
  })
}

const withoutCached = (results: readonly CachedMeasurement[]) =>
  results
    .map((result) => ({ ...result, cached: null }))
    .toSorted((a, b) => `${a.tensor} ${a.format}`.localeCompare(`${b.tensor} ${b.format}`))

it('gives the figures that the engine computes directly', async () => {
  const tensors = ['blk.0.attn_q.weight', 'blk.3.ffn_down.weight']
  const { results } = await analyze(testServices(), SAMPLE_GGUF, { formats: ['Q4_K', 'Q8_0'], tensors })
  expect(results).toHaveLength(4)
  for (const { cached, ...measurement } of results) {
    expect(cached).toBe(false)
    expect(measurement).toEqual(
      measureDirectly(SAMPLE_GGUF, measurement.tensor, measurement.format).measurement,
    )
  }
})

it('keeps the error profile', async () => {
  const services = testServices()
  const tensor = 'blk.0.attn_q.weight'
  const { model } = await analyze(services, SAMPLE_GGUF, { formats: ['Q4_K'], tensors: [tensor] })
  const profile = await callOk(services, 'tensor.profile', {
    model,
    tensor,
    format: 'Q4_K',
    method: 'reference',
  })
  const { values } = measureDirectly(SAMPLE_GGUF, tensor, 'Q4_K').profile
  expect(profile?.values).toEqual([...Float32Array.from(values)])
})

it('gives a profile as plain JSON, null where no row was sampled', async () => {
  const services = testServices()
  const [tensor, formats] = ['blk.0.attn_q.weight', ['Q4_K']]
  // 25 bands of rows, of which eight rows meet at most eight.
  const path = writeSmallModel(testFolder(), { rows: 800 })
  const { model } = await analyze(services, path, { formats, tensors: [tensor], sample: 0.01 })
  const request = { model, tensor, format: 'Q4_K', method: 'reference' } as const
  const profile = await callOk(services, 'tensor.profile', request)
  expect(profile?.values).toContain(null)
  expect(profile?.values.some((mse) => mse !== null && mse > 0)).toBe(true)
  expect(JSON.parse(JSON.stringify(profile))).toEqual(profile)
})

it('gives the same figures with one thread and with three', async () => {
  const path = writeSmallModel(testFolder(), { rows: 300 })
  const formats = ['Q4_K', 'Q5_1', 'Q8_0']
  const one = await analyze(testServices({ threads: 1 }), path, { formats })
  const three = await analyze(testServices({ threads: 3 }), path, { formats })
  expect(one.results).toHaveLength(5 * 3)
  expect(withoutCached(three.results)).toEqual(withoutCached(one.results))
})

it('takes everything from the cache the second time, also in another run and under another name', async () => {
  const [dataFolder, folder] = [testFolder(), testFolder()]
  const first = await analyze(testServices({ dataFolder }), writeSmallModel(folder), { formats: ['Q4_0'] })
  const copy = writeSmallModel(folder, { name: 'copy' })
  const second = await analyze(testServices({ dataFolder }), copy, { formats: ['Q4_0'] })
  expect(second.results.map(({ cached }) => cached)).toEqual(second.results.map(() => true))
  expect(withoutCached(second.results)).toEqual(withoutCached(first.results))
  expect(second.job).toMatchObject({ state: 'done', tensorsDone: 5, tensorsTotal: 5 })
  expect(second.job.bytesDone).toBe(second.job.bytesTotal)
})

it('measures only the formats that are missing', async () => {
  const services = testServices()
  const path = writeSmallModel(testFolder())
  await analyze(services, path, { formats: ['Q4_0'] })
  const { results } = await analyze(services, path, { formats: ['Q4_0', 'Q8_0'] })
  expect(results.filter(({ cached }) => cached).map(({ format }) => format)).toEqual(Array(5).fill('Q4_0'))
  expect(results.filter(({ cached }) => !cached).map(({ format }) => format)).toEqual(Array(5).fill('Q8_0'))
})

it('measures again when the weights have changed', async () => {
  const services = testServices()
  const folder = testFolder()
  const path = writeSmallModel(folder, { seed: 1 })
  await analyze(services, path, { formats: ['Q4_0'] })
  writeSmallModel(folder, { seed: 1000 })
  touch(path)
  const { results } = await analyze(services, path, { formats: ['Q4_0'] })
  expect(results.some(({ cached }) => cached)).toBe(false)
})

it('replaces a sample by the exact measurement and says which is which', async () => {
  const services = testServices()
  const path = writeSmallModel(testFolder(), { rows: 400 })
  const sampled = await analyze(services, path, { formats: ['Q4_K'], sample: 0.1 })
  for (const { sampledRows, rows, standardError } of sampled.results) {
    expect([sampledRows, rows]).toEqual([40, 400])
    expect(standardError).toBeGreaterThan(0)
  }
  const exact = await analyze(services, path, { formats: ['Q4_K'] })
  expect(exact.results.map(({ cached, standardError }) => [cached, standardError])).toEqual(
    Array(5).fill([false, null]),
  )
  const again = await analyze(services, path, { formats: ['Q4_K'], sample: 0.1 })
  expect(again.results.map(({ cached, sampledRows }) => [cached, sampledRows])).toEqual(
    Array(5).fill([true, 400]),
  )
})

it('takes every row of a small tensor as an exact measurement', async () => {
  const services = testServices()
  const path = writeSmallModel(testFolder(), { rows: 8 })
  await analyze(services, path, { formats: ['Q4_0'], sample: 0.5 })
  const { results } = await analyze(services, path, { formats: ['Q4_0'] })
  expect(results.every(({ cached }) => cached)).toBe(true)
})

it('measures a fallback once for all formats that fall back to it', async () => {
  const services = testServices()
  const extra = [floatTensor('blk.0.attn_k.weight', [96, 32], 5)]
  const path = writeSmallModel(testFolder(), { extra })
  const tensors = ['blk.0.attn_k.weight']
  const { results } = await analyze(services, path, { formats: ['Q4_K', 'Q5_0'], tensors })
  expect(results.map(({ format, effectiveFormat }) => [format, effectiveFormat])).toEqual([
    ['Q4_K', 'Q5_0'],
    ['Q5_0', 'Q5_0'],
  ])
  expect(results[0]?.relativeError).toBe(results[1]?.relativeError)
})

it('leaves out what can not be decoded, and says so', async () => {
  const extra = [{ name: 'blk.0.attn_v.weight', shape: [256, 2], typeId: 9, data: new Uint8Array(576) }]
  const path = writeSmallModel(testFolder(), { extra })
  const { job } = await analyze(testServices(), path, { formats: ['Q4_0'] })
  expect(job.state).toBe('done')
  expect(job.findings).toMatchObject([{ code: 'UNDECODABLE_TENSOR', tensor: 'blk.0.attn_v.weight' }])
})

it('tells non-finite and all-zero weights as findings', async () => {
  const zero = { name: 'blk.0.attn_v.weight', shape: [256, 2], data: new Uint8Array(2048) }
  const weights = [...new Array<number>(2 * 256 + 3).fill(1), NaN, Infinity]
  const path = writeSmallModel(testFolder(), { weights, extra: [zero] })
  const { job, results } = await analyze(testServices(), path, { formats: ['Q4_0', 'Q8_0'] })
  expect(job.findings.map(({ code, tensor }) => [code, tensor]).toSorted()).toEqual([
    ['NON_FINITE_WEIGHTS', 'blk.0.attn_q.weight'],
    ['ZERO_TENSOR', 'blk.0.attn_v.weight'],
  ])
  expect(job.findings.find(({ code }) => code === 'NON_FINITE_WEIGHTS')?.message).toBe(
    'blk.0.attn_q.weight has 2 weights that are NaN or infinite, the first in row 2, column 3 (NaN); they are left out',
  )
  expect(results.find(({ tensor }) => tensor === 'blk.0.attn_q.weight')).toMatchObject({ nonFinite: 2 })
  expect(results.find(({ tensor }) => tensor === 'blk.0.attn_v.weight')).toMatchObject({
    relativeError: null,
  })
})

it('weighs errors with the importance beside the model, apart from unweighted results', async () => {
  const services = testServices()
  const tensors = ['blk.0.attn_q.weight']
  const imatrix = `${SAMPLE_FOLDER}/imatrix.gguf`
  const plain = await analyze(services, SAMPLE_GGUF, { formats: ['Q4_K'], tensors })
  const weighted = await analyze(services, SAMPLE_GGUF, { formats: ['Q4_K'], tensors, imatrix })
  expect(plain.results[0]?.weightedRelativeError).toBeNull()
  expect(weighted.results[0]).toMatchObject({ cached: false })
  expect(weighted.results[0]?.weightedRelativeError).toBeGreaterThan(0)
})

it('shows measurements of all tensors in a format without measuring', async () => {
  const services = testServices()
  const path = writeSmallModel(testFolder())
  const { model, results } = await analyze(services, path, {
    formats: ['Q4_K'],
    tensors: ['blk.1.attn_q.weight'],
  })
  const listed = await callOk(services, 'measurements.list', { model, format: 'Q4_K', method: 'reference' })
  expect(listed).toEqual(results.map((measurement) => ({ ...measurement, cached: true })))
  const tensor = 'blk.1.attn_q.weight'
  expect(await callOk(services, 'tensor.measurements', { model, tensor })).toEqual(listed)
})

it('tells measurements in events as they come', async () => {
  const services = testServices()
  const told: string[] = []
  services.on('measurements', (batch) =>
    told.push(...batch.measurements.map(({ tensor }) => `${batch.model} ${tensor}`)),
  )
  const { results, model } = await analyze(services, writeSmallModel(testFolder()), { formats: ['Q4_0'] })
  expect(told).toEqual(results.map(({ tensor }) => `${model} ${tensor}`))
})

it('starts with layers spread over the model and ends with the global tensors', async () => {
  const path = writeSmallModel(testFolder(), { layers: 5, rows: 8 })
  const { results } = await analyze(testServices({ threads: 1 }), path, { formats: ['Q8_0'] })
  const order = [...new Set(results.map(({ tensor }) => tensor.split('.').slice(0, 2).join('.')))]
  expect(order.slice(0, 2).toSorted()).toEqual(['blk.0', 'blk.4'])
  expect(order.at(-1)).toBe('token_embd.weight')
})

it.each([
  [{ formats: ['Q9_X'] }, 'FORMAT_UNKNOWN'],
  [{ formats: ['Q4_K'], method: 'gptq' as const }, 'METHOD_UNSUPPORTED'],
  [{ formats: ['Q4_K'], tensors: ['nothing.weight'] }, 'UNKNOWN_TENSOR'],
  [{ formats: ['Q4_K'], imatrix: '/nowhere/imatrix.gguf' }, 'FILE_NOT_FOUND'],
])('refuses %o', async (request, code) => {
  await expect(analyze(testServices(), SAMPLE_GGUF, request)).rejects.toMatchObject({ code })
})

it('fails with a clear error when the file has changed since it was opened', async () => {
  const services = testServices()
  const path = writeSmallModel(testFolder())
  const { id: model } = await services.library.open(path)
  touch(path)
  const { id } = await services.analysis.start({ model, formats: ['Q4_0'], method: 'reference' })
  expect(await services.jobs.finished(id)).toMatchObject({
    state: 'failed',
    error: { code: 'FILE_CHANGED', place: path },
  })
})

it('keeps finished tensors when a thread dies', async () => {
  const dataFolder = testFolder()
  const extra = [floatTensor('blk.0.exit.weight', [256, 64], 5)]
  const path = writeSmallModel(testFolder(), { layers: 8, extra })
  const workerUrl = new URL('../../fixtures/dying-worker.ts', import.meta.url)
  const services = testServices({ dataFolder, workerUrl, threads: 1 })
  const { job, results } = await analyze(services, path, { formats: ['Q4_0'] })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'WORKER_DIED', place: 'blk.0.exit.weight' } })
  const again = await analyze(testServices({ dataFolder }), path, { formats: ['Q4_0'] })
  expect(again.job.state).toBe('done')
  const cached = again.results.filter((result) => result.cached).map(({ tensor }) => tensor)
  expect(cached.toSorted()).toEqual(results.map(({ tensor }) => tensor).toSorted())
})
