import { join } from 'node:path'
import { ROOT } from '../support/imports.ts'
import { runCli } from './process.ts'
import { median, megabytes, rounded, type Suite } from './suite.ts'

const RUNS = 15

/** The whole process, from start to exit: what a person waits for. */
export const inspectSuite: Suite = {
  name: 'inspect',
  title: 'inspect of the sample model, whole process',
  async run(folder) {
    const model = join(ROOT, 'test/models/novelist-7m/novelist-7m-f16.gguf')
    const runs = []
    for (let run = 0; run < RUNS; run++) runs.push(await runCli(['inspect', model, '--json'], folder))
    const seconds = runs.map((run) => run.seconds)
    return [
      {
        runs: RUNS,
        medianSeconds: rounded(median(seconds)),
        worstSeconds: rounded(Math.max(...seconds)),
        peakMB: megabytes(Math.max(...runs.map((run) => run.peakBytes ?? 0))),
      },
    ]
  },
}
