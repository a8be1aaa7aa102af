import { expect, it } from 'vitest'
import { callOk, testFolder, testServices, writeSmallModel } from '../../support/services.ts'
import { runUntilKilled } from '../../support/killed-process.ts'

it('lists a killed analysis as interrupted, and resumes it without measuring anything twice', async () => {
  const dataFolder = testFolder()
  const path = writeSmallModel(testFolder(), { layers: 6, rows: 800 })
  const lines = await runUntilKilled([dataFolder, path, 'analysis', 'Q4_K,Q5_K'], (_line, all) => {
    return all.filter((line) => line.startsWith('measured')).length >= 4
  })
  const measured = lines
    .filter((line) => line.startsWith('measured'))
    .map((line) => line.slice('measured '.length))
  expect(lines).not.toContain('ended done')

  const services = testServices({ dataFolder })
  const [job] = await services.jobs.list()
  expect(job).toMatchObject({ state: 'interrupted', kind: 'analysis', modelPath: path, tensorsTotal: 13 })
  const resumed = await callOk(services, 'jobs.resume', { job: job?.id ?? '' })
  expect(await services.jobs.finished(resumed.id)).toMatchObject({
    state: 'done',
    tensorsDone: 13,
    tensorsTotal: 13,
  })

  const results = services.analysis.results(resumed.id)
  expect(results).toHaveLength(26)
  const cached = results.filter((result) => result.cached).map(({ tensor, format }) => `${tensor} ${format}`)
  // What the killed process had told was stored before it was told.
  for (const name of measured) expect(cached).toContain(name)
  expect(cached.length).toBeLessThan(26)
})

it('works on one database together with another process', async () => {
  const dataFolder = testFolder()
  const path = writeSmallModel(testFolder(), { layers: 6, rows: 800 })
  const mine = writeSmallModel(testFolder(), { layers: 2, seed: 500 })
  const services = testServices({ dataFolder })
  const { id: model } = await services.library.open(mine)
  const states: Promise<string>[] = []
  const analyze = async (): Promise<string> => {
    const { id } = await services.analysis.start({ model, formats: ['Q4_0'], method: 'reference' })
    return (await services.jobs.finished(id)).state
  }
  await runUntilKilled([dataFolder, path, 'analysis', 'Q4_K'], (line, all) => {
    if (line.startsWith('measured') && states.length === 0) states.push(analyze())
    return all.filter((each) => each.startsWith('measured')).length >= 3
  })
  expect(await Promise.all(states)).toEqual(['done'])
  expect((await services.jobs.list()).map((job) => job.state).toSorted()).toEqual(['done', 'interrupted'])
})
