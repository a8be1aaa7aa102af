import { expect, it } from 'vitest'
import type { Job } from '../../../preload/contract.ts'
import type { Services } from '../../../main/services/index.ts'
import {
  callOk,
  choose,
  codeOf,
  nextJob,
  testFolder,
  testServices,
  writeSmallModel,
} from '../../support/services.ts'

/** Enough work to be caught in the middle. */
const LARGE = { layers: 6, rows: 800 }

async function startLarge(services: Services, folder = testFolder()) {
  const { id: model } = await services.library.open(writeSmallModel(folder, LARGE))
  const job = await services.analysis.start({ model, formats: ['Q4_K', 'Q5_K'], method: 'reference' })
  await nextJob(services, ({ id, bytesDone }) => id === job.id && bytesDone > 0)
  return { id: job.id, model }
}

/** The only job, once it has not moved for a while: pieces may end at the very moment of a pause. */
async function untilStill(services: Services): Promise<Job | undefined> {
  for (let [before] = await services.jobs.list(); ;) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const [after] = await services.jobs.list()
    if (after?.bytesDone === before?.bytesDone) return after
    before = after
  }
}

it('stops moving while paused and ends when resumed', async () => {
  const services = testServices()
  const { id } = await startLarge(services)
  expect((await services.jobs.pause(id)).state).toBe('paused')
  const paused = await untilStill(services)
  expect(paused).toMatchObject({ state: 'paused', bytesPerSecond: null, remainingMs: null })
  expect(paused?.bytesDone).toBeLessThan(paused?.bytesTotal ?? 0)
  await services.jobs.resume(id)
  expect(await services.jobs.finished(id)).toMatchObject({ state: 'done', tensorsDone: 13 })
})

it('cancels a running job and keeps what was finished', async () => {
  const dataFolder = testFolder()
  const services = testServices({ dataFolder })
  const { id, model } = await startLarge(services)
  expect((await services.jobs.cancel(id)).state).toBe('cancelled')
  const job = await services.jobs.finished(id)
  expect(job).toMatchObject({ state: 'cancelled', error: null })
  expect(job.bytesDone).toBeLessThan(job.bytesTotal)
  const listed = await callOk(services, 'measurements.list', { model, format: 'Q4_K', method: 'reference' })
  expect(listed).toHaveLength(job.tensorsDone)
})

it('cancels a paused job', async () => {
  const services = testServices()
  const { id } = await startLarge(services)
  await services.jobs.pause(id)
  await services.jobs.cancel(id)
  expect((await services.jobs.finished(id)).state).toBe('cancelled')
})

it('runs one job at a time, in order', async () => {
  const services = testServices()
  const { id: first, model } = await startLarge(services)
  const second = await services.analysis.start({ model, formats: ['Q8_0'], method: 'reference' })
  expect(second.state).toBe('queued')
  const ends: string[] = []
  services.on('job', (job) => {
    if (job.state === 'done') ends.push(job.id)
  })
  await services.jobs.finished(second.id)
  expect(ends).toEqual([first, second.id])
})

it('cancels a queued job without starting it', async () => {
  const services = testServices()
  const { id: first, model } = await startLarge(services)
  const second = await services.analysis.start({ model, formats: ['Q8_0'], method: 'reference' })
  await services.jobs.cancel(second.id)
  expect(await services.jobs.finished(second.id)).toMatchObject({ state: 'cancelled', bytesTotal: 0 })
  await services.jobs.cancel(first)
})

it('lets another job run while one is paused, and goes on afterwards without loss', async () => {
  const services = testServices()
  const { id, model } = await startLarge(services)
  await services.jobs.pause(id)
  const other = await services.analysis.start({
    model,
    formats: ['Q8_0'],
    method: 'reference',
    tensors: ['blk.0.attn_q.weight'],
  })
  expect((await services.jobs.finished(other.id)).state).toBe('done')
  expect((await services.jobs.list()).find((job) => job.id === id)?.state).toBe('paused')
  await services.jobs.resume(id)
  const job = await services.jobs.finished(id)
  expect(job).toMatchObject({ state: 'done', tensorsDone: 13 })
  expect(job.bytesDone).toBe(job.bytesTotal)
  const names = services.analysis.results(id).map(({ tensor, format }) => `${tensor} ${format}`)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toHaveLength(26)
})

it('answers for a histogram while a job is paused', async () => {
  const services = testServices()
  const { id, model } = await startLarge(services)
  await services.jobs.pause(id)
  const histogram = await callOk(services, 'tensor.histogram', { model, tensor: 'blk.0.attn_norm.weight' })
  expect(histogram).toMatchObject({ count: 256, rows: 1 })
  expect(histogram.counts.reduce((a, b) => a + b, 0)).toBe(256)
})

it('tells progress that never goes back', async () => {
  const services = testServices()
  const done: number[] = []
  services.on('job', (job) => done.push(job.bytesDone))
  const { id } = await startLarge(services)
  const { bytesDone, bytesTotal } = await services.jobs.finished(id)
  expect(done).toEqual(done.toSorted((a, b) => a - b))
  expect(done.length).toBeGreaterThan(3)
  expect(bytesDone).toBe(bytesTotal)
})

it('dismisses a job that has ended, not one that runs', async () => {
  const services = testServices()
  const { id } = await startLarge(services)
  expect(await codeOf(services, 'jobs.dismiss', { job: id })).toBe('JOB_STATE')
  await services.jobs.cancel(id)
  await services.jobs.finished(id)
  await services.jobs.dismiss(id)
  expect(await services.jobs.list()).toEqual([])
})

it('refuses to resume a job that is done, and jobs that do not exist', async () => {
  const services = testServices()
  const { id: model } = await services.library.open(writeSmallModel(testFolder()))
  const { id } = await services.analysis.start({ model, formats: ['Q8_0'], method: 'reference' })
  await services.jobs.finished(id)
  expect(await codeOf(services, 'jobs.resume', { job: id })).toBe('JOB_STATE')
  expect(await codeOf(services, 'jobs.pause', { job: id })).toBe('JOB_STATE')
  expect(await codeOf(services, 'jobs.cancel', { job: 'nothing' })).toBe('UNKNOWN_JOB')
})

it('lists a job that the closing of the program stopped as interrupted, and finishes it when resumed', async () => {
  const dataFolder = testFolder()
  const first = testServices({ dataFolder })
  const { id } = await startLarge(first)
  const last = nextJob(first, ({ state }) => state === 'cancelled')
  await first.close()
  const { tensorsDone, tensorsTotal, bytesDone, bytesTotal } = await last
  expect(bytesDone).toBeGreaterThan(0)
  const second = testServices({ dataFolder })
  const progress = { tensorsDone, tensorsTotal, bytesDone, bytesTotal }
  expect(await second.jobs.list()).toMatchObject([
    { id, state: 'interrupted', kind: 'analysis', ...progress },
  ])
  expect(await second.jobs.resume(id)).toMatchObject({ id })
  expect(await second.jobs.finished(id)).toMatchObject({ state: 'done', tensorsDone: 13 })
  await second.close()
  expect(await testServices({ dataFolder }).jobs.list()).toEqual([])
})

it('does not bring a cancelled job back', async () => {
  const dataFolder = testFolder()
  const first = testServices({ dataFolder })
  const { id } = await startLarge(first)
  await first.jobs.cancel(id)
  await first.close()
  expect(await testServices({ dataFolder }).jobs.list()).toEqual([])
})

it('cancels an export and leaves nothing', async () => {
  const folder = testFolder()
  const services = testServices()
  const { id: model } = await services.library.open(writeSmallModel(testFolder(), LARGE))
  const job = await callOk(services, 'export.start', {
    model,
    choices: choose(services, model, 'Q4_K'),
    path: `${folder}/out.gguf`,
    overwrite: false,
    allowRequantize: false,
  })
  await nextJob(services, ({ bytesDone }) => bytesDone > 0)
  await services.jobs.cancel(job.id)
  expect((await services.jobs.finished(job.id)).state).toBe('cancelled')
  expect((await callOk(services, 'files.list', { path: folder })).entries).toEqual([])
})

it('starts the next job when the running one is paused', async () => {
  const services = testServices()
  const { id: first, model } = await startLarge(services)
  const second = await services.analysis.start({ model, formats: ['Q8_0'], method: 'reference' })
  await services.jobs.pause(first)
  expect((await services.jobs.finished(second.id)).state).toBe('done')
  expect((await services.jobs.list()).find(({ id }) => id === first)?.state).toBe('paused')
})
