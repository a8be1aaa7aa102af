import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Cache } from '../../../main/services/cache/cache.ts'
import type { StoredReplacement } from '../../../main/services/cache/sensitivities.ts'
import { KnownFingerprints } from '../../../main/services/measurements/known-fingerprints.ts'
import { weightsIdentity } from '../../../main/services/measurements/weights-identity.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { runUntilKilled } from '../../support/killed-process.ts'
import { llamaServices, workFiles, writeText } from '../../support/llama-services.ts'
import { SAMPLE_GGUF } from '../../support/sample-model.ts'
import { callOk, testFolder } from '../../support/services.ts'

/** What the database has, read as another process would. */
function stored(dataFolder: string): StoredReplacement[] {
  const cache = new Cache(join(dataFolder, 'cache.sqlite'))
  const weights = weightsIdentity(openModel(SAMPLE_GGUF), new KnownFingerprints(cache))
  const rows = cache.use(({ sensitivities }) => sensitivities.list(weights ?? ''))
  cache.close()
  return rows
}

it('repeats nothing after a kill, and removes the copy that was left', async () => {
  const [dataFolder, text] = [testFolder(), writeText()]
  const args = [dataFolder, SAMPLE_GGUF, 'sensitivity', 'Q4_K', text]
  await runUntilKilled(args, (line) => Number(/^moving (\d+)/.exec(line)?.[1] ?? 0) >= 3)
  const before = stored(dataFolder)
  expect(before.length).toBeGreaterThanOrEqual(3)
  expect(before.length).toBeLessThan(44)
  expect(workFiles(dataFolder)).toHaveLength(1)

  const services = llamaServices({ dataFolder })
  const [job] = await services.jobs.list()
  expect(job).toMatchObject({ state: 'interrupted', kind: 'sensitivity', tensorsTotal: 44 })
  expect(workFiles(dataFolder)).toEqual([])
  const { id } = await callOk(services, 'jobs.resume', { job: job!.id })
  expect(await services.jobs.finished(id)).toMatchObject({ state: 'done', tensorsDone: 44 })
  const after = stored(dataFolder)
  expect(after).toHaveLength(44)
  // Rows that were there have kept their figures and the time they were measured.
  expect(after.slice(0, before.length)).toEqual(before)
  expect(new Set(after.map(({ key }) => key.tensors[0])).size).toBe(44)
  expect(workFiles(dataFolder)).toEqual([])
})
