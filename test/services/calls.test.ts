import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { REQUEST_SCHEMAS } from '../../main/services/contract-schema.ts'
import { callOk, codeOf, testFolder, testServices, writeSmallModel } from '../support/services.ts'

it('answers an unknown method and a wrong request with an error, never a throw', async () => {
  const services = testServices()
  expect(await services.call('no.such', null)).toMatchObject({
    ok: false,
    error: { code: 'UNKNOWN_METHOD', place: 'no.such' },
  })
  expect(await services.call('toString', null)).toMatchObject({
    ok: false,
    error: { code: 'UNKNOWN_METHOD' },
  })
  expect(await services.call('models.open', { path: 7 })).toMatchObject({
    ok: false,
    error: { code: 'BAD_REQUEST', place: 'path' },
  })
})

it.each([
  ['models.open', { path: '' }],
  ['models.open', { path: 'x'.repeat(5000) }],
  ['models.open', { path: '/a', more: 1 }],
  ['models.list', {}],
  ['models.metadataArray', { model: 'm', key: 'k', offset: -1, length: 1 }],
  ['models.metadataArray', { model: 'm', key: 'k', offset: 0, length: 1e9 }],
  ['analysis.start', { model: 'm', formats: [], method: 'reference' }],
  ['analysis.start', { model: 'm', formats: ['Q4_K'], method: 'best' }],
  ['analysis.start', { model: 'm', formats: ['Q4_K'], method: 'reference', sample: 0 }],
  ['analysis.start', { model: 'm', formats: ['Q4_K'], method: 'reference', sample: 2 }],
  ['analysis.start', { model: 'm', formats: ['Q4_K'], method: 'reference', imatrix: undefined }],
  ['plans.evaluate', { model: 'm', choices: { a: { format: 'Q4_K' } } }],
  ['export.start', { model: 'm', choices: {}, path: '/a' }],
] as const)('refuses %s %o', async (method, request) => {
  expect(await codeOf(testServices(), method, request)).toBe('BAD_REQUEST')
})

it('answers every method of the contract', async () => {
  const services = testServices()
  for (const method of Object.keys(REQUEST_SCHEMAS)) {
    const outcome = await services.call(method, 'nothing that fits')
    expect(outcome).toMatchObject({ ok: false, error: { code: 'BAD_REQUEST' } })
  }
})

it('tells about the host', async () => {
  const info = await callOk(
    testServices({ threads: 3, version: '1.2.3', initialModel: '/m.gguf' }),
    'host.info',
    null,
  )
  expect(info).toMatchObject({
    host: 'browser',
    version: '1.2.3',
    threads: 3,
    roots: null,
    initialModel: '/m.gguf',
  })
  expect(info.formats.map(({ name }) => name)).toContain('Q4_K')
})

it('opens dialogs where the host has them', async () => {
  expect(await codeOf(testServices(), 'dialog.open', { kind: 'model' })).toBe('UNSUPPORTED')
  const dialogs = {
    open: () => Promise.resolve('/chosen'),
    save: (name: string) => Promise.resolve(`/saved/${name}`),
  }
  const services = testServices({ dialogs })
  expect(await callOk(services, 'dialog.open', { kind: 'model' })).toBe('/chosen')
  expect(await callOk(services, 'dialog.save', { suggestedName: 'a.gguf' })).toBe('/saved/a.gguf')
})

it('gives replies and errors that survive JSON', async () => {
  const services = testServices()
  const path = writeSmallModel(testFolder())
  const { id: model } = await callOk(services, 'models.open', { path })
  const job = await callOk(services, 'analysis.start', { model, formats: ['Q4_0'], method: 'reference' })
  await services.jobs.finished(job.id)
  const tensor = 'blk.0.attn_q.weight'
  for (const [method, request] of [
    ['tensor.histogram', { model, tensor }],
    ['tensor.measurements', { model, tensor }],
    ['jobs.list', null],
    ['models.tensors', { model }],
  ] as const) {
    const outcome = await services.call(method, request)
    expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome)
    expect(outcome.ok).toBe(true)
  }
})

it('tells about a damaged cache and works on', async () => {
  const dataFolder = testFolder()
  writeFileSync(join(dataFolder, 'cache.sqlite'), 'garbage'.repeat(1000))
  const services = testServices({ dataFolder })
  const { findings } = await callOk(services, 'host.info', null)
  expect(findings.map(({ code }) => code)).toEqual(['CACHE_DAMAGED'])
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(testFolder()) })
  const { id } = await callOk(services, 'analysis.start', { model, formats: ['Q8_0'], method: 'reference' })
  const job = await services.jobs.finished(id)
  expect(job.state).toBe('done')
  expect(job.findings.map(({ code }) => code)).toEqual(['CACHE_DAMAGED'])
})

it('keeps the window open beside the cache of a newer version, which the list of jobs reports', async () => {
  const dataFolder = testFolder()
  const newer = new Database(join(dataFolder, 'cache.sqlite'))
  newer.pragma('user_version = 99')
  newer.close()
  const services = testServices({ dataFolder })
  expect(await callOk(services, 'host.info', null)).toMatchObject({ findings: [] })
  expect(await codeOf(services, 'jobs.list', null)).toBe('CACHE_TOO_NEW')
})

it('opens a model without loading database or thread pool', () => {
  const script = `
    import { createRequire } from 'node:module'
    import { createServices } from ${JSON.stringify(new URL('../../main/services/index.ts', import.meta.url).href)}
    const services = createServices({ workerUrl: new URL('file:///none'), dataFolder: '/nonexistent/data', threads: 1,
      useNative: false, host: 'cli', roots: null, version: '0', initialModel: null })
    const { model } = await services.library.open(${JSON.stringify(writeSmallModel(testFolder()))})
    await services.close()
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    console.log(JSON.stringify({ tensors: model.tensors.length, loaded }))`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(JSON.parse(printed)).toEqual({ tensors: 7, loaded: [] })
})
