import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { nativeTargets } from '../../main/engine/kernels/kernels.ts'
import { FORMATS, formatByName } from '../../main/engine/quantizers/registry.ts'
import { libraryPath } from '../support/ggml.ts'
import { ROOT } from '../support/imports.ts'
import { median, rounded, type Row, type Suite } from './suite.ts'

/** The tables of ggml take seconds; once is enough to tell. */
const RUNS = { native: 3, typescript: 3, ggml: 1 }
const FIRST_BLOCK = join(ROOT, 'test/bench/first-block.ts')
const run = promisify(execFile)

/** Formats with grids search their neighbours, for which ggml builds tables before the first row. */
export const startupSuite: Suite = {
  name: 'startup',
  title: 'seconds of the first block of a new process, tables and all',
  async run(_folder, { formats }) {
    const names = formats.length > 0 ? formats : FORMATS.filter(({ family }) => family === 'i').map(nameOf)
    const rows: Row[] = []
    for (const name of names) {
      if (!formatByName(name)) throw new Error(`There is no format ${name}`)
      rows.push({
        format: name,
        native: nativeTargets().length > 0 ? await firstBlock('native', name) : null,
        typescript: await firstBlock('typescript', name),
        ggml: libraryPath('ggml-base') ? await firstBlock('ggml', name) : null,
      })
    }
    return rows
  },
}

const nameOf = ({ name }: { readonly name: string }): string => name

async function firstBlock(program: keyof typeof RUNS, format: string): Promise<number> {
  const seconds: number[] = []
  for (let turn = 0; turn < RUNS[program]; turn += 1) {
    const { stdout } = await run(process.execPath, [FIRST_BLOCK, program, format])
    seconds.push((JSON.parse(stdout) as { first: number }).first)
  }
  return rounded(median(seconds))
}
