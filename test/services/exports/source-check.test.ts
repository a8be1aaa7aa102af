import { copyFileSync, readdirSync, renameSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ExportWork } from '../../../main/services/exports/export-work.ts'
import { JobSwitch } from '../../../main/services/jobs/job.ts'
import { NO_STATISTICS } from '../../../main/services/measurements/activation-statistics.ts'
import { WorkerPool } from '../../../main/services/pool/worker-pool.ts'
import {
  choose,
  ENGINE_WORKER,
  testFolder,
  testServices,
  touch,
  writeSmallModel,
} from '../../support/services.ts'

/** Exports a small model; `change` happens to the source when the last piece of the last tensor is written. */
async function exportWhile(
  change: (source: string) => void,
): Promise<{ folder: string; ended: Promise<unknown> }> {
  const services = testServices()
  const source = writeSmallModel(testFolder())
  const folder = testFolder()
  const opened = await services.library.open(source)
  const request = {
    model: opened.id,
    choices: choose(services, opened.id, 'Q4_K'),
    path: join(folder, 'out.gguf'),
    overwrite: false,
    allowRequantize: false,
  }
  const work = new ExportWork(opened, request, {
    statistics: { statistics: NO_STATISTICS, origin: null, findings: [] },
    findings: [],
  })
  const pool = new WorkerPool(ENGINE_WORKER, 2)
  onTestFinished(() => pool.close())
  let changed = false
  const context: JobSwitch = new JobSwitch(pool, false, () => {
    if (changed || context.tensorsDone < work.tensorsTotal) return
    changed = true
    change(source)
  })
  return { folder, ended: work.run(context) }
}

it.each([
  [
    'replaced',
    (source: string) => {
      copyFileSync(source, `${source}.new`)
      renameSync(`${source}.new`, source)
    },
  ],
  ['modified', touch],
  ['cut off', (source: string) => truncateSync(source, 1000)],
])(
  'fails and leaves nothing when the source is %s after its last piece was written',
  async (_what, change) => {
    const { folder, ended } = await exportWhile(change)
    await expect(ended).rejects.toMatchObject({ code: 'FILE_CHANGED' })
    expect(readdirSync(folder)).toEqual([])
  },
)

it('is done when nothing happens to the source', async () => {
  const { folder, ended } = await exportWhile(() => undefined)
  expect(await ended).toMatchObject({ path: join(folder, 'out.gguf') })
  expect(readdirSync(folder)).toEqual(['out.gguf'])
})
