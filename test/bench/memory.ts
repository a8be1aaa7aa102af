import { join } from 'node:path'
import { runCli } from './process.ts'
import { MEGABYTE, megabytes, rounded, type Suite } from './suite.ts'
import { writeSyntheticModel } from './synthetic-model.ts'

const BYTES = 4e9
const FORMAT = 'Q8_0'

/** Memory must follow the number of threads, not the size of the model. */
export const memorySuite: Suite = {
  name: 'memory',
  title: 'analyze and export of a 4 GB F16 model, peak memory of the process',
  async run(folder) {
    const model = writeSyntheticModel(join(folder, 'large.gguf'), BYTES)
    const analyze = ['analyze', model.path, '--formats', FORMAT, '--json', '--quiet']
    const output = join(folder, 'large-q8_0.gguf')
    const exporting = ['export', model.path, '--preset', FORMAT, '-o', output, '--json', '--quiet']
    const rows = []
    for (const args of [analyze, exporting]) {
      const run = await runCli(args, folder)
      rows.push({
        command: args[0] ?? '',
        format: FORMAT,
        seconds: rounded(run.seconds),
        sourceMBps: rounded(model.bytes / MEGABYTE / run.seconds),
        peakMB: megabytes(run.peakBytes),
      })
    }
    return rows
  },
}
