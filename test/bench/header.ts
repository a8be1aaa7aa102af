import { join } from 'node:path'
import { runCli } from './process.ts'
import { median, megabytes, rounded, type Suite } from './suite.ts'
import { writeSyntheticModel } from './synthetic-model.ts'

const RUNS = 7
const BYTES = 100e9

/** A file far larger than memory, sparse on disk: opening must read its header only. */
export const headerSuite: Suite = {
  name: 'header',
  title: 'inspect of a sparse 100 GB file, whole process',
  async run(folder) {
    const model = writeSyntheticModel(join(folder, 'huge.gguf'), BYTES, { sparse: true })
    const runs = []
    for (let run = 0; run < RUNS; run++) runs.push(await runCli(['inspect', model.path, '--json'], folder))
    return [
      {
        fileGB: rounded(model.bytes / 1e9),
        medianSeconds: rounded(median(runs.map((run) => run.seconds))),
        peakMB: megabytes(Math.max(...runs.map((run) => run.peakBytes ?? 0))),
      },
    ]
  },
}
