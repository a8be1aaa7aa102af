import { expect, it } from 'vitest'
import { runUntilKilled } from '../../support/killed-process.ts'
import { llamaServices, tinyLlama, workFiles, writeText } from '../../support/llama-services.ts'
import { callOk, testFolder } from '../../support/services.ts'

it('removes the candidate of a killed verification at the next start, and makes it again when resumed', async () => {
  const [dataFolder, model] = [testFolder(), tinyLlama()]
  const text = writeText(testFolder(), 5)
  await runUntilKilled([dataFolder, model, 'verification', 'Q8_0', text], (line) => line.startsWith('moving'))
  expect(workFiles(dataFolder)).toHaveLength(1)

  const services = llamaServices({ dataFolder })
  const [job] = await services.jobs.list()
  expect(job).toMatchObject({ state: 'interrupted', kind: 'verification', title: 'Verify Q8_0' })
  expect(workFiles(dataFolder)).toEqual([])
  const { id } = await callOk(services, 'jobs.resume', { job: job!.id })
  const { state, tensorsDone, tensorsTotal } = await services.jobs.finished(id)
  expect([state, tensorsDone]).toEqual(['done', tensorsTotal])
  const { id: opened } = await services.library.open(model)
  const listed = await callOk(services, 'verification.list', { model: opened })
  expect(listed.map(({ label }) => label)).toEqual(['Q8_0'])
  expect(workFiles(dataFolder)).toEqual([])
})
