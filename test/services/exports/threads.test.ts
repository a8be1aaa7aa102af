import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FORMATS } from '../../../main/engine/quantizers/registry.ts'
import type { CachedMeasurement, PlanChoices } from '../../../preload/contract.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { testFolder, testServices } from '../../support/services.ts'

const IMATRIX = `${SAMPLE_FOLDER}/imatrix.gguf`
const RUNS = [
  { threads: 1, useNative: false },
  { threads: 3, useNative: false },
  { threads: 1, useNative: true },
  { threads: 3, useNative: true },
]

/** Every format somewhere: the tensors of the sample take turns. The embedding has no importance and stays. */
function everyFormat(names: readonly string[]): PlanChoices {
  const matrices = names.filter((name) => name !== 'token_embd.weight')
  return Object.fromEntries(
    matrices.map((name, index) => [
      name,
      { format: FORMATS[index % FORMATS.length]!.name, method: 'reference' as const },
    ]),
  )
}

it('gives one file for a plan with every format, whatever the threads and the kernels', async () => {
  const digests: (string | undefined)[] = []
  for (const options of RUNS) {
    const services = testServices(options)
    const { id: model } = await services.library.open(SAMPLE_GGUF)
    const { tensors } = services.library.get(model).model
    const choices = everyFormat(tensors.filter(({ quantizable }) => quantizable).map(({ name }) => name))
    const path = join(testFolder(), 'out.gguf')
    const request = { model, choices, path, imatrix: IMATRIX, overwrite: false, allowRequantize: false }
    const { id } = await services.exports.start(request)
    const job = await services.jobs.finished(id)
    expect(job.error).toBeNull()
    digests.push(job.export?.sha256)
  }
  expect(digests[0]).toMatch(/^[0-9a-f]{64}$/)
  expect(new Set(digests).size).toBe(1)
})

it('gives the same figures of every format, whatever the threads and the kernels', async () => {
  const results: CachedMeasurement[][] = []
  for (const options of RUNS) {
    const services = testServices(options)
    const { id: model } = await services.library.open(SAMPLE_GGUF)
    const tensors = ['blk.0.attn_k.weight', 'blk.3.attn_v.weight']
    const formats = FORMATS.map(({ name }) => name)
    const request = { model, formats, method: 'reference' as const, tensors, imatrix: IMATRIX }
    const { id } = await services.analysis.start(request)
    await services.jobs.finished(id)
    const ordered = services.analysis.results(id).toSorted((a, b) => {
      return `${a.tensor} ${a.format}`.localeCompare(`${b.tensor} ${b.format}`)
    })
    results.push(ordered)
  }
  expect(results[0]).toHaveLength(2 * FORMATS.length)
  for (const other of results.slice(1)) expect(other).toEqual(results[0])
})
