import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { callOk, choose, codeOf, testFolder, testServices, writeSmallModel } from '../../support/services.ts'

function servedTree() {
  const base = testFolder()
  const [root, outside] = [join(base, 'root'), join(base, 'root-outside')]
  for (const folder of [root, outside, join(root, 'inner')]) mkdirSync(folder)
  return { root, outside, services: testServices({ roots: [root] }) }
}

it('lists the roots, then folders, models and files', async () => {
  const { root, services } = servedTree()
  writeSmallModel(root, { name: 'm' })
  writeFileSync(join(root, 'plan.json'), '{}')
  writeFileSync(join(root, '.hidden'), '')
  writeFileSync(join(root, 'x-00001-of-00002.gguf'), '')
  writeFileSync(join(root, 'x-00002-of-00002.gguf'), '')
  const roots = await callOk(services, 'files.list', { path: null })
  expect(roots).toMatchObject({ path: null, parent: null, entries: [{ path: root, kind: 'folder' }] })
  const { parent, entries } = await callOk(services, 'files.list', { path: root })
  expect(parent).toBeNull()
  expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
    ['inner', 'folder'],
    ['m.gguf', 'model'],
    ['plan.json', 'file'],
    ['x-00001-of-00002.gguf', 'model'],
    ['x-00002-of-00002.gguf', 'file'],
  ])
  expect((await callOk(services, 'files.list', { path: join(root, 'inner') })).parent).toBe(root)
})

it('calls a Hugging Face folder a model', async () => {
  const { entries } = await callOk(testServices(), 'files.list', { path: join(SAMPLE_FOLDER, '..') })
  expect(entries.find(({ name }) => name === 'novelist-7m')?.kind).toBe('model')
})

it.each([
  ['a path elsewhere', ({ outside }: { outside: string }) => outside],
  ['two dots', ({ root }: { root: string }) => `${root}/../root-outside`],
  [
    'a symbolic link',
    ({ root, outside }: { root: string; outside: string }) => {
      symlinkSync(outside, join(root, 'link'))
      return join(root, 'link')
    },
  ],
])('does not list what is reached by %s', async (_way, pathFor) => {
  const tree = servedTree()
  expect(await codeOf(tree.services, 'files.list', { path: pathFor(tree) })).toBe('OUTSIDE_ROOTS')
})

it('leaves links that lead out of the roots off the list', async () => {
  const { root, outside, services } = servedTree()
  symlinkSync(outside, join(root, 'link'))
  symlinkSync(join(root, 'nothing'), join(root, 'dangling'))
  const { entries } = await callOk(services, 'files.list', { path: root })
  expect(entries.map(({ name }) => name)).toEqual(['inner'])
})

it('opens models, importance and plans only below the roots', async () => {
  const { root, outside, services } = servedTree()
  const hidden = writeSmallModel(outside)
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(root) })
  symlinkSync(hidden, join(root, 'hidden.gguf'))
  const analysis = { model, formats: ['Q4_K'], method: 'reference', imatrix: `${SAMPLE_FOLDER}/imatrix.gguf` }
  expect([
    await codeOf(services, 'models.open', { path: SAMPLE_GGUF }),
    await codeOf(services, 'models.open', { path: join(root, 'hidden.gguf') }),
    await codeOf(services, 'analysis.start', analysis),
    await codeOf(services, 'plans.load', { model, path: hidden }),
  ]).toEqual(Array(4).fill('OUTSIDE_ROOTS'))
})

it('writes plans and exports only below the roots', async () => {
  const { root, outside, services } = servedTree()
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(root) })
  const plan = await callOk(services, 'plans.evaluate', { model, choices: {} })
  symlinkSync(join(outside, 'new.gguf'), join(root, 'dangling.gguf'))
  const request = { model, choices: choose(services, model, 'Q8_0'), overwrite: true, allowRequantize: false }
  expect([
    await codeOf(services, 'plans.save', { plan, path: join(outside, 'plan.json') }),
    await codeOf(services, 'plans.save', { plan, path: `${root}/inner/../../root-outside/plan.json` }),
    await codeOf(services, 'export.start', { ...request, path: join(outside, 'a.gguf') }),
    await codeOf(services, 'export.start', { ...request, path: join(root, 'dangling.gguf') }),
    await codeOf(services, 'export.preview', { model, choices: {}, path: join(outside, 'a.gguf') }),
  ]).toEqual(Array(5).fill('OUTSIDE_ROOTS'))
  expect(await codeOf(services, 'plans.save', { plan, path: join(root, 'inner', 'plan.json') })).toBeNull()
})

it('opens dropped files though their folder is no root, and does not list it', async () => {
  const { root } = servedTree()
  const uploadFolder = join(testFolder(), 'uploads')
  const services = testServices({ roots: [root], uploadFolder })
  mkdirSync(uploadFolder)
  await callOk(services, 'models.open', { path: writeSmallModel(uploadFolder) })
  expect((await callOk(services, 'files.list', { path: null })).entries.map(({ path }) => path)).toEqual([
    root,
  ])
})

it('refuses to serve a folder that is not there', () => {
  expect(() => testServices({ roots: ['/no/such/folder'] })).toThrow(
    expect.objectContaining({ code: 'FOLDER_NOT_FOUND' }) as Error,
  )
})

it('says so when a file is where the folder to write to should be', async () => {
  const services = testServices()
  const { id: model } = await callOk(services, 'models.open', { path: writeSmallModel(testFolder()) })
  const file = join(testFolder(), 'file')
  writeFileSync(file, '')
  expect(await codeOf(services, 'export.preview', { model, choices: {}, path: join(file, 'a.gguf') })).toBe(
    'NOT_A_FOLDER',
  )
})
