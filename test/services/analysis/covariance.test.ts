import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { buildSafetensors, floats } from '../../support/safetensors-builder.ts'
import { callOk, testFolder, testServices, touch, writeSmallModel } from '../../support/services.ts'

const TENSORS = ['blk.0.attn_q.weight', 'blk.0.ffn_down.weight']

/** A diagonal second moment for the first tensor alone. */
function writeCovariance(folder: string, diagonal: (column: number) => number): string {
  const values = new Array<number>(256 * 256).fill(0)
  for (let column = 0; column < 256; column += 1) values[column * 257] = diagonal(column)
  const path = join(folder, 'covariance.safetensors')
  writeFileSync(
    path,
    buildSafetensors([{ name: TENSORS[0]!, dtype: 'F32', shape: [256, 256], data: floats(values) }]),
  )
  return path
}

async function measure(services: ReturnType<typeof testServices>, model: string, covariance: string) {
  const request = { model, formats: ['Q4_0'], method: 'reference' as const, tensors: TENSORS, covariance }
  const { id } = await services.analysis.start(request)
  await services.jobs.finished(id)
  return new Map(services.analysis.results(id).map((result) => [result.tensor, result]))
}

it('weighs output errors with a covariance, for the tensors that have one', async () => {
  const services = testServices()
  const folder = testFolder()
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(folder) })
  const results = await measure(
    services,
    model,
    writeCovariance(folder, () => 1),
  )
  const [with_, without] = TENSORS.map((name) => results.get(name))
  // With the identity, the output error is the weight error.
  expect(with_?.outputRelativeError).toBeCloseTo(with_?.relativeError ?? NaN, 12)
  expect(without?.outputRelativeError).toBeNull()
  const [listed] = await callOk(services, 'tensor.measurements', { model, tensor: TENSORS[0]! })
  expect(listed?.outputRelativeError).toBe(with_?.outputRelativeError)
})

it('measures again with another covariance, and only the tensors that it is about', async () => {
  const services = testServices()
  const folder = testFolder()
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(folder) })
  const path = writeCovariance(folder, () => 1)
  const first = await measure(services, model, path)
  writeCovariance(folder, (column) => column)
  touch(path)
  const second = await measure(services, model, path)
  expect(TENSORS.map((name) => second.get(name)?.cached)).toEqual([false, true])
  expect(second.get(TENSORS[0]!)?.outputRelativeError).not.toBe(first.get(TENSORS[0]!)?.outputRelativeError)
})

it('knows the same matrices again in another file', async () => {
  const services = testServices()
  const folder = testFolder()
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(folder) })
  await measure(
    services,
    model,
    writeCovariance(folder, (column) => column),
  )
  const copy = writeCovariance(testFolder(), (column) => column)
  const again = await measure(services, model, copy)
  expect(TENSORS.map((name) => again.get(name)?.cached)).toEqual([true, true])
})

it('remembers the digests of an unchanged covariance file over a restart', async () => {
  const dataFolder = testFolder()
  const folder = testFolder()
  const path = writeSmallModel(folder)
  const covariance = writeCovariance(folder, () => 2)
  const first = testServices({ dataFolder })
  await measure(first, (await first.library.open(path)).id, covariance)
  await first.close()
  const second = testServices({ dataFolder })
  const again = await measure(second, (await second.library.open(path)).id, covariance)
  expect(TENSORS.map((name) => again.get(name)?.cached)).toEqual([true, true])
})
