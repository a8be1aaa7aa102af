import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseSensitivities } from '../../../main/engine/allocation/damage/sensitivity-file.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { formatByName } from '../../../main/engine/quantizers/registry.ts'
import { summarizeComparison } from '../../../main/llama/index.ts'
import type { Services } from '../../../main/services/index.ts'
import type { Job, Sensitivities, SensitivityRequest } from '../../../preload/contract.ts'
import { compareAll, processWith, testComparison } from '../../support/comparisons.ts'
import { ended, llamaServices, tinyLlama, workFiles, writeText } from '../../support/llama-services.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { splitInTwo } from '../../support/split-model.ts'
import { callOk, choose, codeOf, nextJob, testFolder } from '../../support/services.ts'

const TINY_MATRICES = 9

async function openTiny(services: Services, path = tinyLlama()) {
  const { id: model } = await services.library.open(path)
  const request: SensitivityRequest = {
    model,
    text: writeText(),
    context: 32,
    tokens: 100,
    formats: ['Q4_0'],
    grouping: { kind: 'tensor' },
  }
  return { model, request }
}

async function measure(services: Services, request: SensitivityRequest): Promise<Job> {
  return ended(services, await callOk(services, 'sensitivity.start', request))
}

async function list(services: Services, model: string, imatrix?: string): Promise<Sensitivities> {
  const known = await callOk(services, 'sensitivity.list', {
    model,
    ...(imatrix !== undefined && { imatrix }),
  })
  if (known === null) throw new Error('Nothing is known')
  return known
}

/** Writes a copy of a GGUF in which one tensor is replaced by its twin, by the registry's own functions. */
function writeTwin(source: string, name: string, format: string): string {
  const tensor = openModel(source).tensors.find((candidate) => candidate.name === name)!
  const bytes = readFileSync(source)
  const stored = formatByName(tensor.type)!
  const place = bytes.subarray(tensor.offsetBytes, tensor.offsetBytes + tensor.bytes)
  const weights = new Float32Array(tensor.bytes / stored.blockBytes)
  stored.dequantize(place, weights)
  const target = formatByName(format)!
  const length = tensor.shape[0]!
  for (let at = 0; at < weights.length; at += length) {
    const row = weights.subarray(at, at + length)
    const blocks = new Uint8Array((length / target.blockSize) * target.blockBytes)
    target.methods.reference!(row, null, blocks)
    target.dequantize(blocks, row)
  }
  stored.methods.reference!(weights, null, place)
  const path = join(testFolder(), 'twin.gguf')
  writeFileSync(path, bytes)
  return path
}

describe('measured sensitivities', () => {
  it('have the figures that llama.cpp gives for a copy with that tensor replaced', async () => {
    const dataFolder = testFolder()
    const services = llamaServices({ dataFolder })
    const source = tinyLlama()
    const { model, request } = await openTiny(services, source)
    const job = await measure(services, request)
    expect(job).toMatchObject({
      state: 'done', kind: 'sensitivity', tensorsDone: TINY_MATRICES, tensorsTotal: TINY_MATRICES, findings: [],
    }) // prettier-ignore
    expect(workFiles(dataFolder)).toEqual([])

    const known = await list(services, model)
    expect(known).toMatchObject({ schema: 1, tokens: 96, context: 32 })
    expect(known).toEqual(services.sensitivity.result(job.id))
    expect(known.groups.map(({ tensors }) => tensors.length)).toEqual(Array(TINY_MATRICES).fill(1))
    const comparison = await testComparison({
      referencePath: source, text: readFileSync(request.text, 'utf8'), context: 32, chunks: 3, scored: 'all',
    }) // prettier-ignore
    for (const name of ['blk.0.attn_v.weight', 'output.weight']) {
      const group = known.groups.find(({ tensors }) => tensors[0] === name)!
      const { kld, perplexity } = summarizeComparison(
        await compareAll(comparison, writeTwin(source, name, 'Q4_0')),
      )
      expect(kld.mean).toBeGreaterThan(1e-6)
      expect(group.kld).toBe(kld.mean)
      expect(group.perplexityChange).toBe(perplexity.candidate - perplexity.reference)
      expect(group.alpha).toBeCloseTo(kld.mean / group.relativeError ** 2, 12)
      // Of a single replacement: the text's own uncertainty, unless that is next to nothing.
      expect(group.standardError * group.relativeError ** 2).toBeCloseTo(kld.standardError, 12)
    }
  })

  it('tell when the text is shorter than what was asked for', async () => {
    const services = llamaServices()
    const { request } = await openTiny(services)
    writeFileSync(request.text, 'A text of about fifty bytes, which is very short.')
    const job = await measure(services, { ...request, context: 16 })
    expect(job).toMatchObject({ state: 'done', findings: [{ code: 'TEXT_SHORTER' }] })
    expect(job.findings[0]?.message).toBe('text.txt fills chunks with 64 tokens, fewer than asked for')
  })

  it('have the relative error of the measurement cache', async () => {
    const services = llamaServices()
    const { model, request } = await openTiny(services)
    await measure(services, request)
    const analysis = await services.analysis.start({ model, formats: ['Q4_0'], method: 'reference' })
    await ended(services, analysis)
    const errors = new Map(
      services.analysis.results(analysis.id).map(({ tensor, relativeError }) => [tensor, relativeError]),
    )
    for (const { tensors, relativeError } of (await list(services, model)).groups) {
      // The twin is stored in F32 here, which rounds off next to nothing.
      expect(relativeError / errors.get(tensors[0]!)!).toBeCloseTo(1, 6)
    }
  })

  it('come from neighbouring layers of a role at once, and from tensors without a layer alone', async () => {
    const services = llamaServices()
    const { model, request } = await openTiny(services, SAMPLE_GGUF)
    const layers = { ...request, tokens: 32, grouping: { kind: 'layers', layers: 4 } as const }
    const job = await measure(services, { ...layers, formats: ['Q3_K'] })
    expect(job).toMatchObject({ state: 'done', tensorsTotal: 2 + 7 * 2 })
    const { groups } = await list(services, model)
    expect(groups.map(({ tensors }) => tensors.length).toSorted()).toEqual([1, 1, ...Array<number>(7).fill(2), ...Array<number>(7).fill(4)]) // prettier-ignore
    expect(groups.find(({ tensors }) => tensors.includes('blk.5.ffn_up.weight'))?.tensors).toEqual([
      'blk.4.ffn_up.weight',
      'blk.5.ffn_up.weight',
    ])
    // One tensor's error at Q3_K is about 0.19; the squares of four add up.
    const four = groups.find(({ tensors }) => tensors.includes('blk.0.ffn_up.weight'))!
    expect(four.relativeError).toBeGreaterThan(0.3)
    expect(four.relativeError).toBeLessThan(0.5)
  })

  it('hardly depend on the formats they are fitted over', async () => {
    const services = llamaServices()
    const { model, request } = await openTiny(services, SAMPLE_GGUF)
    const shape = { ...request, tokens: 64, grouping: { kind: 'layers', layers: 6 } as const }
    await measure(services, { ...shape, formats: ['Q4_K'] })
    const one = (await list(services, model)).groups
    await measure(services, { ...shape, formats: ['Q3_K', 'Q4_K'] })
    const both = (await list(services, model)).groups
    expect([one.length, both.length]).toEqual([9, 18])
    for (const { tensors, alpha } of one) {
      const alphas = new Set(
        both.filter((group) => group.tensors[0] === tensors[0]).map((group) => group.alpha),
      )
      expect(alphas.size).toBe(1)
      const [fitted = 0] = alphas
      expect(fitted / alpha).toBeGreaterThan(0.5)
      expect(fitted / alpha).toBeLessThan(2)
    }
  })

  it('belong to the importance they were measured with', async () => {
    const services = llamaServices()
    const { model, request } = await openTiny(services, SAMPLE_GGUF)
    const imatrix = `${SAMPLE_FOLDER}/imatrix.gguf`
    const shape = {
      ...request,
      tokens: 32,
      grouping: { kind: 'layers', layers: 6 } as const,
      formats: ['Q3_K'],
    }
    await measure(services, { ...shape, imatrix })
    // The imatrix has no entry for the embedding, so that one is known without it as well.
    const without = (await list(services, model)).groups
    expect(without.map(({ tensors }) => tensors)).toEqual([['token_embd.weight']])
    const weighted = (await list(services, model, imatrix)).groups
    const [bare, covered] = ['token_embd.weight', 'output.weight'].map((name) =>
      weighted.find(({ tensors }) => tensors[0] === name)!,
    )
    expect(weighted).toHaveLength(9)
    expect(bare).toEqual(without[0])
    expect(bare!.alpha).toBeCloseTo(bare!.kld / bare!.relativeError ** 2, 8)
    expect(covered!.alpha).toBeCloseTo(covered!.kld / covered!.weightedRelativeError! ** 2, 8)
  })

  it('are measured on a split model too', async () => {
    const [services, whole] = [llamaServices(), tinyLlama()]
    const [, second] = splitInTwo(whole, testFolder())
    const { model, request } = await openTiny(services, second)
    expect(await measure(services, request)).toMatchObject({ state: 'done', error: null })
    // The same weights in one file: nothing is left to do once they are read.
    const { id } = await services.library.open(whole)
    await ended(
      services,
      await services.analysis.start({ model: id, formats: ['Q8_0'], method: 'reference' }),
    )
    expect((await list(services, model)).groups).toHaveLength(TINY_MATRICES)
    const again = await measure(services, { ...request, model: id })
    expect(again).toMatchObject({ state: 'done', tensorsDone: TINY_MATRICES })
    expect((await list(services, id)).groups).toEqual((await list(services, model)).groups)
  })

  it('are written in the form that plans read', async () => {
    const services = llamaServices()
    const { model, request } = await openTiny(services)
    await measure(services, request)
    const sensitivities = await list(services, model)
    const path = join(testFolder(), 'alpha.json')
    await callOk(services, 'sensitivity.save', { sensitivities, path })
    expect(parseSensitivities(readFileSync(path, 'utf8'), path)).toEqual(sensitivities)
    expect(await codeOf(services, 'sensitivity.save', { sensitivities: { ...sensitivities, schema: 2 }, path })).toBe('BAD_REQUEST') // prettier-ignore
  })
})

describe('a measurement under way', () => {
  it('fails when llama.cpp crashes, and keeps what was measured', async () => {
    const dataFolder = testFolder()
    const crashing = `let candidates = 0
      process.on('message', ({ call }) => {
        if (call === 'setCandidate' && (candidates += 1) === 4) process.abort()
      })`
    const services = llamaServices({ dataFolder, llamaUrl: processWith(crashing) })
    const { model, request } = await openTiny(services)
    const job = await measure(services, request)
    expect(job).toMatchObject({ state: 'failed', tensorsDone: 3, error: { code: 'LLAMA_CRASHED' } })
    expect((await list(services, model)).groups).toHaveLength(3)
    expect(workFiles(dataFolder)).toEqual([])
  })

  async function startSample(dataFolder: string) {
    const services = llamaServices({ dataFolder })
    const { model, request } = await openTiny(services, SAMPLE_GGUF)
    const job = await callOk(services, 'sensitivity.start', request)
    const moving = await nextJob(services, ({ id, tensorsDone }) => id === job.id && tensorsDone >= 3)
    return { services, model, request, job: moving }
  }

  it('stops at once when told to, removes its copy, and keeps what was measured for the next', async () => {
    const dataFolder = testFolder()
    const { services, model, request, job } = await startSample(dataFolder)
    expect(job.tensorsTotal).toBe(44)
    const [folder] = workFiles(dataFolder)
    expect(readdirSync(join(dataFolder, 'temporary', folder!))).toContain('novelist-7m-f16.gguf')
    await services.jobs.cancel(job.id)
    const cancelled = await ended(services, job)
    expect(cancelled).toMatchObject({ state: 'cancelled', error: null })
    expect(workFiles(dataFolder)).toEqual([])
    const measured = cancelled.tensorsDone
    expect((await list(services, model)).groups).toHaveLength(measured)

    const estimate = await callOk(services, 'sensitivity.estimate', request)
    expect(estimate).toMatchObject({ groups: 44, known: measured, evaluations: 44 - measured })
    const again = await callOk(services, 'sensitivity.start', request)
    await nextJob(services, ({ id, tensorsDone }) => id === again.id && tensorsDone > measured)
    await services.jobs.cancel(again.id)
    await ended(services, again)
    expect(workFiles(dataFolder)).toEqual([])
  })

  it('stands still while paused, also inside an evaluation, and goes on', async () => {
    const { services, job } = await startSample(testFolder())
    await services.jobs.pause(job.id)
    const done = async () => (await services.jobs.list())[0]!.tensorsDone
    await new Promise((resolve) => setTimeout(resolve, 500))
    const standing = await done()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(await done()).toBe(standing)
    await services.jobs.resume(job.id)
    await nextJob(services, ({ id, tensorsDone }) => id === job.id && tensorsDone > standing)
    await services.jobs.cancel(job.id)
    expect(await ended(services, job)).toMatchObject({ state: 'cancelled' })
  })
})

describe('the estimate', () => {
  it('counts evaluations and tokens, times llama.cpp, and tells the room that is needed', async () => {
    const dataFolder = testFolder()
    const services = llamaServices({ dataFolder })
    const { request } = await openTiny(services, SAMPLE_GGUF)
    const estimate = await callOk(services, 'sensitivity.estimate', {
      ...request,
      formats: ['Q4_K', 'Q2_K'],
      grouping: { kind: 'layers', layers: 3 },
    })
    expect(estimate).toMatchObject({ groups: 16, known: 0, evaluations: 32, tokensPerEvaluation: 96 })
    // The copy, and f32 logits of 31 positions in each of 3 chunks over a vocabulary of 4096.
    expect(estimate.temporaryBytes).toBe(13_740_800 + 3 * 31 * 4096 * 4)
    expect(estimate.tokensPerSecond).toBeGreaterThan(0)
    expect(estimate.seconds).toBeGreaterThan((31 * 96) / estimate.tokensPerSecond)
    expect(workFiles(dataFolder)).toEqual([])
  })

  it('has nothing left to do when everything is known', async () => {
    const services = llamaServices()
    const { request } = await openTiny(services)
    await measure(services, request)
    const estimate = await callOk(services, 'sensitivity.estimate', request)
    expect(estimate).toMatchObject({ groups: TINY_MATRICES, known: TINY_MATRICES, evaluations: 0 })
  })
})

describe('what can not be measured', () => {
  it('is a text outside the served folders; nor is anything saved there', async () => {
    const root = testFolder()
    const services = llamaServices({ roots: [root] })
    const { request } = await openTiny(services, tinyLlama(root))
    expect(await codeOf(services, 'sensitivity.start', request)).toBe('OUTSIDE_ROOTS')
    expect(await codeOf(services, 'sensitivity.estimate', request)).toBe('OUTSIDE_ROOTS')
    const sensitivities = { schema: 1, model: 'm', tokens: 0, context: 0, groups: [] } as const
    const path = join(testFolder(), 'alpha.json')
    expect(await codeOf(services, 'sensitivity.save', { sensitivities, path })).toBe('OUTSIDE_ROOTS')
  })

  it('is a source that is quantized, a safetensors one, or formats that change nothing', async () => {
    const services = llamaServices()
    const { model, request } = await openTiny(services)
    const code = (changes: Partial<SensitivityRequest>) =>
      codeOf(services, 'sensitivity.start', { ...request, ...changes })
    const path = join(testFolder(), 'quantized.gguf')
    const choices = choose(services, model, 'Q8_0')
    const job = await services.exports.start({
      model,
      choices,
      path,
      overwrite: false,
      allowRequantize: false,
    })
    await ended(services, job)
    const { id: quantized } = await services.library.open(path)
    expect(await code({ model: quantized })).toBe('SOURCE_QUANTIZED')
    expect(await codeOf(services, 'sensitivity.estimate', { ...request, model: quantized })).toBe('SOURCE_QUANTIZED') // prettier-ignore
    const { id: safetensors } = await services.library.open(SAMPLE_FOLDER)
    expect(await code({ model: safetensors })).toBe('CONVERSION_NEEDED')
    expect(await code({ formats: ['F32'] })).toBe('NOTHING_TO_MEASURE')
  })

  it('is a format that there is not, or that needs importance; too few tokens; too short a text', async () => {
    const services = llamaServices()
    const { request } = await openTiny(services, SAMPLE_GGUF)
    const code = (changes: Partial<SensitivityRequest>) =>
      codeOf(services, 'sensitivity.start', { ...request, ...changes })
    expect(await code({ formats: ['Q4_X'] })).toBe('FORMAT_UNKNOWN')
    expect(await code({ formats: ['IQ2_XXS'] })).toBe('IMPORTANCE_NEEDED')
    expect(await code({ tokens: 16 })).toBe('TOO_FEW_TOKENS')
    const text = join(testFolder(), 'short.txt')
    writeFileSync(text, 'Short.')
    expect(await code({ text })).toBe('TEXT_TOO_SHORT')
    expect(await codeOf(services, 'sensitivity.list', { model: 'model-9' })).toBe('UNKNOWN_MODEL')
  })
})
