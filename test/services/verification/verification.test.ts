import { copyFileSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEMO_TEXT } from '../../../main/cli/demo-text.ts'
import { summarizeComparison } from '../../../main/llama/index.ts'
import type { Services } from '../../../main/services/index.ts'
import type { Job, VerificationRequest } from '../../../preload/contract.ts'
import { compareAll, processWith, testComparison } from '../../support/comparisons.ts'
import { ended, llamaServices, tinyLlama, workFiles, writeText } from '../../support/llama-services.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { callOk, choose, codeOf, nextJob, testFolder, writeSmallModel } from '../../support/services.ts'

/** Long enough to be caught in the middle: hundreds of chunks of a tiny model. */
const LONG = 10

async function openTiny(services: Services, format = 'Q4_0') {
  const { id: model } = await services.library.open(tinyLlama())
  const request: VerificationRequest = {
    model,
    candidate: { kind: 'plan', choices: choose(services, model, format) },
    label: format,
    text: writeText(),
    context: 64,
    chunks: 3,
  }
  return { model, request }
}

async function verify(services: Services, request: VerificationRequest): Promise<Job> {
  return ended(services, await callOk(services, 'verification.start', request))
}

async function exportTo(services: Services, model: string, path: string, format: string): Promise<void> {
  const choices = choose(services, model, format)
  const request = { model, choices, path, overwrite: false, allowRequantize: false }
  expect(await ended(services, await services.exports.start(request))).toMatchObject({ state: 'done' })
}

describe('a verified plan', () => {
  it('has the figures that llama.cpp gives for its export, and leaves no file', async () => {
    const dataFolder = testFolder()
    const services = llamaServices({ dataFolder })
    const { id: model } = await services.library.open(SAMPLE_GGUF)
    const choices = choose(services, model, 'Q4_K')
    const text = writeText()
    const request = { model, candidate: { kind: 'plan', choices }, label: 'Q4_K', text, context: 64, chunks: 2 } as const // prettier-ignore
    const job = await verify(services, request)
    expect(job).toMatchObject({
      state: 'done', kind: 'verification', title: 'Verify Q4_K', tensorsDone: 2, tensorsTotal: 2, bytesTotal: 0, findings: [],
    }) // prettier-ignore
    expect(workFiles(dataFolder)).toEqual([])

    const path = join(testFolder(), 'q4.gguf')
    await exportTo(services, model, path, 'Q4_K')
    const direct = summarizeComparison(await compareAll(await testComparison(), path))
    expect(direct.kld.mean).toBeGreaterThan(1e-4)
    const [stored] = await callOk(services, 'verification.list', { model })
    expect(stored).toMatchObject({ ...direct, label: 'Q4_K', context: 64, choices, imatrix: null })
    const { fileBytes } = await services.plans.evaluate({ model, choices })
    expect(stored).toMatchObject({ fileBytes, text: { name: 'text.txt' } })
    expect(stored?.tokensPerSecond).toBeGreaterThan(0)
    expect(services.verification.result(job.id)).toEqual(stored)
  })

  it('is listed newest first, also for a copy of the model, until it is forgotten', async () => {
    const services = llamaServices()
    const { model, request } = await openTiny(services)
    await verify(services, request)
    await verify(services, { ...request, label: 'again' })
    const listed = await callOk(services, 'verification.list', { model })
    expect(listed.map(({ label }) => label)).toEqual(['again', 'Q4_0'])

    const copy = join(testFolder(), 'renamed.gguf')
    copyFileSync(services.library.get(model).model.path, copy)
    const { id: other } = await services.library.open(copy)
    expect(await callOk(services, 'verification.list', { model: other })).toEqual([])
    await ended(services, await services.verification.start({ ...request, model: other, label: 'copy' }))
    const all = await callOk(services, 'verification.list', { model: other })
    expect(all.map(({ label }) => label)).toEqual(['copy', 'again', 'Q4_0'])

    await callOk(services, 'verification.forget', { id: all[1]!.id })
    expect((await callOk(services, 'verification.list', { model })).map(({ label }) => label)).toEqual([
      'copy',
      'Q4_0',
    ])
    expect(await codeOf(services, 'verification.forget', { id: all[1]!.id })).toBe('UNKNOWN_VERIFICATION')
  })
})

describe('a verified file', () => {
  it('has the figures of the plan that it was made from, and no choices', async () => {
    const services = llamaServices()
    const { model, request } = await openTiny(services)
    await verify(services, request)
    const path = join(testFolder(), 'candidate.gguf')
    await exportTo(services, model, path, 'Q4_0')
    await verify(services, { ...request, candidate: { kind: 'file', path } })
    const [file, plan] = await callOk(services, 'verification.list', { model })
    expect(file).toMatchObject({ kld: plan!.kld, perplexity: plan!.perplexity, fileBytes: plan!.fileBytes })
    expect([file?.choices, plan?.choices]).toEqual([null, request.candidate.kind === 'plan' ? request.candidate.choices : null]) // prettier-ignore
  })

  it('that is the reference itself does not diverge', async () => {
    const services = llamaServices()
    const { model, request } = await openTiny(services)
    const { path } = services.library.get(model).model
    await verify(services, { ...request, candidate: { kind: 'file', path } })
    const [result] = await callOk(services, 'verification.list', { model })
    expect(result).toMatchObject({ sameTopToken: 1, kld: { mean: 0, max: 0 } })
  })

  it('that llama.cpp does not load fails with its message, and nothing is stored', async () => {
    const dataFolder = testFolder()
    const services = llamaServices({ dataFolder })
    const { model, request } = await openTiny(services)
    const path = writeSmallModel(testFolder())
    const job = await verify(services, { ...request, candidate: { kind: 'file', path } })
    expect(job).toMatchObject({ state: 'failed', error: { code: 'MODEL_REFUSED', place: path } })
    expect(job.error?.message).toMatch(/llama\.cpp/)
    expect(await callOk(services, 'verification.list', { model })).toEqual([])
    expect(workFiles(dataFolder)).toEqual([])
  })

  it('with another vocabulary is refused', async () => {
    const services = llamaServices()
    const { request } = await openTiny(services)
    const job = await verify(services, { ...request, candidate: { kind: 'file', path: SAMPLE_GGUF } })
    expect(job).toMatchObject({ state: 'failed', error: { code: 'VOCABULARY_MISMATCH' } })
  })
})

describe('a verification that can not be made', () => {
  it('tells of a text that is too short with what is needed, before a plan is exported', async () => {
    const dataFolder = testFolder()
    const services = llamaServices({ dataFolder })
    const { model, request } = await openTiny(services)
    const text = join(testFolder(), 'short.txt')
    writeFileSync(text, 'It was over.')
    expect(await codeOf(services, 'verification.start', { ...request, text })).toBe('TEXT_TOO_SHORT')

    // Enough bytes, and not enough tokens.
    const { id: sample } = await services.library.open(SAMPLE_GGUF)
    const words = DEMO_TEXT.slice(0, 600)
    writeFileSync(text, words)
    const candidate = { kind: 'plan', choices: choose(services, sample, 'Q8_0') } as const
    const written: (string | null)[] = []
    const watcher = watch(join(dataFolder, 'temporary'), (_event, name) => written.push(name))
    const job = await verify(services, { ...request, model: sample, candidate, text, context: 512 })
    expect(job).toMatchObject({ state: 'failed', error: { code: 'TEXT_TOO_SHORT' } })
    expect(job.error?.expected).toMatch(/512/)
    watcher.close()
    expect(written).toEqual([])
    expect(workFiles(dataFolder)).toEqual([])
    expect(await callOk(services, 'verification.list', { model })).toEqual([])
  })

  it('tells of a text that is none, a missing one, and an odd context', async () => {
    const services = llamaServices()
    const { request } = await openTiny(services)
    const code = (changes: Partial<VerificationRequest>) =>
      codeOf(services, 'verification.start', { ...request, ...changes })
    expect(await code({ text: SAMPLE_GGUF })).toBe('BAD_TEXT')
    expect(await code({ text: '/nowhere/text.txt' })).toBe('FILE_NOT_FOUND')
    expect(await code({ context: 63 })).toBe('BAD_REQUEST')
  })

  it('refuses a text or a candidate outside the served folders', async () => {
    const root = testFolder()
    const services = llamaServices({ roots: [root] })
    const { id: model } = await services.library.open(tinyLlama(root))
    const candidate = { kind: 'plan', choices: choose(services, model, 'Q8_0') } as const
    const request: VerificationRequest = { model, candidate, label: 'a', text: writeText(root), context: 64 }
    const code = (changes: Partial<VerificationRequest>) =>
      codeOf(services, 'verification.start', { ...request, ...changes })
    expect(await code({ text: writeText() })).toBe('OUTSIDE_ROOTS')
    expect(await code({ candidate: { kind: 'file', path: tinyLlama() } })).toBe('OUTSIDE_ROOTS')
    expect(await verify(services, request)).toMatchObject({ state: 'done' })
  })

  it('refuses a safetensors reference and a plan that can not be exported at once', async () => {
    const services = llamaServices()
    const { request } = await openTiny(services)
    const { id: model } = await services.library.open(SAMPLE_FOLDER)
    const choices = choose(services, request.model, 'IQ2_XS')
    const start = (changes: Partial<VerificationRequest>) =>
      codeOf(services, 'verification.start', { ...request, ...changes })
    const path = services.library.get(request.model).model.path
    expect(await start({ model, candidate: { kind: 'file', path } })).toBe('CONVERSION_NEEDED')
    expect(
      await start({ candidate: { kind: 'plan', choices: { nothing: choices['output.weight']! } } }),
    ).toBe('UNKNOWN_TENSOR')
  })
})

describe('a verification under way', () => {
  it('fails when llama.cpp crashes, and nothing is stored', async () => {
    const dataFolder = testFolder()
    const crashing = `let chunks = 0
      process.on('message', ({ call }) => {
        if (call === 'compareChunk' && (chunks += 1) === 2) process.abort()
      })`
    const services = llamaServices({ dataFolder, llamaUrl: processWith(crashing) })
    const { model, request } = await openTiny(services)
    expect(await verify(services, request)).toMatchObject({
      state: 'failed',
      error: { code: 'LLAMA_CRASHED' },
    })
    expect(await callOk(services, 'verification.list', { model })).toEqual([])
    expect(workFiles(dataFolder)).toEqual([])
  })

  it('lets another job run while it is paused', async () => {
    const { services, model, job } = await startLong(testFolder())
    await services.jobs.pause(job.id)
    const analysis = await services.analysis.start({ model, formats: ['Q5_0'], method: 'reference' })
    expect(await ended(services, analysis)).toMatchObject({ state: 'done' })
    const [paused] = await services.jobs.list()
    expect(paused).toMatchObject({ id: job.id, state: 'paused' })
    await services.jobs.resume(job.id)
    expect(await ended(services, job)).toMatchObject({ state: 'done', tensorsDone: 500 })
  })

  async function startLong(dataFolder: string) {
    const services = llamaServices({ dataFolder })
    const { model, request } = await openTiny(services)
    const text = writeText(testFolder(), LONG)
    const long = { ...request, text, chunks: 500 }
    const job = await callOk(services, 'verification.start', long)
    const moving = await nextJob(services, ({ id, tensorsDone }) => id === job.id && tensorsDone > 5)
    return { services, model, job: moving }
  }

  it('counts chunks, knows the time that is left, and stops at once when told to', async () => {
    const dataFolder = testFolder()
    const { services, model, job } = await startLong(dataFolder)
    expect(job.tensorsTotal).toBe(500)
    expect(job.remainingMs).toBeGreaterThan(0)
    expect(job.findings).toEqual([
      {
        code: 'DIVERGENCE_SO_FAR',
        message: expect.stringMatching(/^KL divergence so far 0\.\d+ nats/) as string,
      },
    ])
    expect(workFiles(dataFolder)).toHaveLength(1)
    await services.jobs.cancel(job.id)
    expect(await ended(services, job)).toMatchObject({ state: 'cancelled', error: null })
    expect(workFiles(dataFolder)).toEqual([])
    expect(await callOk(services, 'verification.list', { model })).toEqual([])
  })

  it('stands still while paused and goes on where it was', async () => {
    const { services, model, job } = await startLong(testFolder())
    await services.jobs.pause(job.id)
    const chunksDone = async () => (await services.jobs.list())[0]!.tensorsDone
    // The chunk under way may still end.
    await new Promise((resolve) => setTimeout(resolve, 500))
    const done = await chunksDone()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await chunksDone()).toBe(done)
    expect(done).toBeLessThan(job.tensorsTotal)
    await services.jobs.resume(job.id)
    const { state, tensorsDone, tensorsTotal } = await ended(services, job)
    expect([state, tensorsDone]).toEqual(['done', tensorsTotal])
    expect(await callOk(services, 'verification.list', { model })).toHaveLength(1)
  })
})
