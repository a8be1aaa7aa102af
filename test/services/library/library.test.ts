import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { callOk, codeOf, testFolder, testServices, touch, writeSmallModel } from '../../support/services.ts'

it('summarizes the sample model', async () => {
  const summary = await callOk(testServices(), 'models.open', { path: SAMPLE_GGUF })
  expect(summary).toMatchObject({
    container: 'gguf',
    architecture: 'llama',
    tensorCount: 57,
    layerCount: 6,
    imatrix: `${SAMPLE_FOLDER}/imatrix.gguf`,
    types: [
      { type: 'F16', tensors: 44 },
      { type: 'F32', tensors: 13 },
    ],
  })
})

it('gives an unchanged open model again, a changed one anew', async () => {
  const services = testServices()
  const path = writeSmallModel(testFolder())
  const first = await callOk(services, 'models.open', { path })
  expect((await callOk(services, 'models.open', { path })).id).toBe(first.id)
  touch(path)
  const second = await callOk(services, 'models.open', { path })
  expect(second.id).not.toBe(first.id)
  expect((await callOk(services, 'models.list', null)).map(({ id }) => id)).toEqual([second.id])
})

it('tells when the list of models changes, and forgets a closed one', async () => {
  const services = testServices()
  const lists: number[] = []
  services.on('models', (models) => lists.push(models.length))
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(testFolder()) })
  await callOk(services, 'models.close', { model })
  expect(lists).toEqual([1, 0])
  expect(await codeOf(services, 'models.tensors', { model })).toBe('UNKNOWN_MODEL')
  expect(await codeOf(services, 'models.close', { model })).toBe('UNKNOWN_MODEL')
})

it('gives tensors and metadata as plain JSON, 64-bit integers as text', async () => {
  const services = testServices()
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(testFolder()) })
  const tensors = await callOk(services, 'models.tensors', { model })
  expect(tensors.map(({ name }) => name)).toContain('blk.1.ffn_down.weight')
  const rows = await callOk(services, 'models.metadata', { model })
  expect(JSON.parse(JSON.stringify(rows))).toEqual(rows)
  expect(rows).toContainEqual({
    key: 'test.big',
    type: 'u64',
    value: '9223372036854775808',
    elementType: null,
    length: null,
  })
  expect(rows).toContainEqual({
    key: 'test.words',
    type: 'array',
    value: null,
    elementType: 'string',
    length: 3,
  })
})

it('reads a stretch of a metadata array', async () => {
  const services = testServices()
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(testFolder()) })
  const page = await callOk(services, 'models.metadataArray', {
    model,
    key: 'test.words',
    offset: 1,
    length: 10,
  })
  expect(page).toEqual({ offset: 1, length: 3, values: ['two', 'three'] })
  expect(await codeOf(services, 'models.metadataArray', { model, key: 'no', offset: 0, length: 1 })).toBe(
    'UNKNOWN_KEY',
  )
  const scalar = { model, key: 'general.name', offset: 0, length: 1 }
  expect(await codeOf(services, 'models.metadataArray', scalar)).toBe('NOT_AN_ARRAY')
})

it('remembers models over a restart, says which are gone, and forgets on demand', async () => {
  const [dataFolder, folder] = [testFolder(), testFolder()]
  const first = testServices({ dataFolder })
  const paths = ['a', 'b'].map((name) => writeSmallModel(folder, { name }))
  for (const path of paths) await callOk(first, 'models.open', { path })
  await first.close()
  rmSync(paths[0] ?? '')
  const second = testServices({ dataFolder })
  const recent = await callOk(second, 'models.recent', null)
  expect(recent.map(({ path, exists }) => [path, exists])).toEqual([
    [paths[1], true],
    [paths[0], false],
  ])
  await callOk(second, 'models.forget', { path: paths[0] ?? '' })
  expect(await callOk(second, 'models.recent', null)).toHaveLength(1)
})

it('keeps no list for the command line', async () => {
  const dataFolder = testFolder()
  const services = testServices({ dataFolder, host: 'cli' })
  await callOk(services, 'models.open', { path: writeSmallModel(testFolder()) })
  expect(await callOk(services, 'models.recent', null)).toEqual([])
})

it('finds an importance file beside the model, the GGUF kind first', async () => {
  const folder = testFolder()
  const path = writeSmallModel(folder)
  const services = testServices()
  expect((await callOk(services, 'models.open', { path })).imatrix).toBeNull()
  writeFileSync(join(folder, 'small.imatrix'), '')
  touch(path)
  expect((await callOk(services, 'models.open', { path })).imatrix).toBe(join(folder, 'small.imatrix'))
  writeFileSync(join(folder, 'small-imatrix.gguf'), '')
  touch(path)
  expect((await callOk(services, 'models.open', { path })).imatrix).toBe(join(folder, 'small-imatrix.gguf'))
})

it.each([
  ['nothing', '/no/such/model.gguf', 'FILE_NOT_FOUND'],
  ['an empty folder', null, null],
])('refuses %s', async (_what, path, code) => {
  const folder = testFolder()
  mkdirSync(join(folder, 'empty'))
  const found = await codeOf(testServices(), 'models.open', { path: path ?? join(folder, 'empty') })
  expect(found).toEqual(code ?? expect.stringMatching(/^(?!INTERNAL)[A-Z_]+$/))
})

it('opens a model though the cache is of a newer version, which is told where the cache is needed', async () => {
  const dataFolder = testFolder()
  const newer = new Database(join(dataFolder, 'cache.sqlite'))
  newer.pragma('user_version = 99')
  newer.close()
  const services = testServices({ dataFolder })
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(testFolder()) })
  expect(await codeOf(services, 'models.recent', null)).toBe('CACHE_TOO_NEW')
  const request = { model, formats: ['Q4_K'], method: 'reference' }
  expect(await codeOf(services, 'analysis.start', request)).toBe('CACHE_TOO_NEW')
})
