import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { callOk, choose, testFolder, testServices, writeSmallModel } from '../../support/services.ts'
import { runUntilKilled } from '../../support/killed-process.ts'

it('keeps the old file through a kill; the next export removes the debris', async () => {
  const [dataFolder, folder] = [testFolder(), testFolder()]
  const model = writeSmallModel(testFolder(), { layers: 6, rows: 800 })
  const target = join(folder, 'out.gguf')
  writeFileSync(target, 'the old file')
  await runUntilKilled([dataFolder, model, 'export', 'Q4_K', target], (line) => line.startsWith('moving'))
  expect(readFileSync(target, 'utf8')).toBe('the old file')
  const debris = readdirSync(folder).filter((name) => name !== 'out.gguf')
  expect(debris).toHaveLength(1)

  const services = testServices({ dataFolder })
  const [job] = await services.jobs.list()
  expect(job).toMatchObject({ state: 'interrupted', kind: 'export' })
  const resumed = await callOk(services, 'jobs.resume', { job: job?.id ?? '' })
  expect(await services.jobs.finished(resumed.id)).toMatchObject({ state: 'done', error: null })
  expect(readdirSync(folder)).toEqual(['out.gguf'])
  expect(openModel(target).tensors).toHaveLength(19)
})

it('leaves temporary files of living processes and of other machines alone', async () => {
  const folder = testFolder()
  const host = hostname()
    .replace(/[^a-z0-9]/gi, '')
    .slice(0, 32)
  const kept = [
    `.a.gguf.${host}-${process.ppid}-1.quantaloupe-part`,
    `.a.gguf.elsewhere-999999-1.quantaloupe-part`,
  ]
  const gone = `.a.gguf.${host}-999999-1.quantaloupe-part`
  for (const name of [...kept, gone]) writeFileSync(join(folder, name), '')
  const services = testServices()
  const { id: model } = await services.library.open(writeSmallModel(testFolder()))
  const path = join(folder, 'out.gguf')
  const choices = choose(services, model, 'Q8_0')
  const job = await services.exports.start({ model, choices, path, overwrite: false, allowRequantize: false })
  expect((await services.jobs.finished(job.id)).state).toBe('done')
  expect(readdirSync(folder).toSorted()).toEqual([...kept, 'out.gguf'].toSorted())
})
