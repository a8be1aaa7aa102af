/**
 * `npm run bench [-- NAME...] [--json | --markdown]`: speed and memory, measured on this machine.
 *
 * A NAME is a suite or a format; formats narrow the suites that measure formats. Prints one table per suite, or one JSON
 * document with `--json`, or tables for the results page with `--markdown`. Asserts nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kernelsName } from '../../main/engine/kernels/kernels.ts'
import { formatByName } from '../../main/engine/quantizers/registry.ts'
import { allocationSuite } from './allocation.ts'
import { analyzeSuite } from './analyze.ts'
import { exportSuite } from './export.ts'
import { framesSuite } from './frames.ts'
import { frontierSuite } from './frontier.ts'
import { headerSuite } from './header.ts'
import { inspectSuite } from './inspect.ts'
import { memorySuite } from './memory.ts'
import { quantizeSuite } from './quantize.ts'
import { roundingDamageSuite } from './rounding-damage.ts'
import { roundingSuite } from './rounding.ts'
import { startupSuite } from './startup.ts'
import { flattened, markdown, type Suite, type SuiteOptions } from './suite.ts'

const SUITES: readonly Suite[] = [
  inspectSuite,
  headerSuite,
  quantizeSuite,
  roundingSuite,
  startupSuite,
  exportSuite,
  analyzeSuite,
  memorySuite,
  framesSuite,
  frontierSuite,
  allocationSuite,
  roundingDamageSuite,
]

function chosen(names: readonly string[]): readonly Suite[] {
  const unknown = names.find((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown !== undefined) {
    const suites = SUITES.map((suite) => suite.name).join(', ')
    throw new Error(`No benchmark or format is called ${unknown}; the benchmarks are ${suites}`)
  }
  return names.length === 0 ? SUITES : SUITES.filter((suite) => names.includes(suite.name))
}

async function runSuite(suite: Suite, options: SuiteOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'quantaloupe-bench-'))
  try {
    return {
      name: suite.name,
      title: suite.title,
      isBare: suite.isBare ?? false,
      rows: await suite.run(folder, options),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, markdown: { type: 'boolean' } },
  allowPositionals: true,
})
const isFormat = (name: string): boolean => formatByName(name) !== undefined
const options = { formats: positionals.filter(isFormat) }
const results = []
for (const suite of chosen(positionals.filter((name) => !isFormat(name)))) {
  const result = await runSuite(suite, options)
  results.push(result)
  if (values.markdown) console.log(`\n${result.title}\n\n${markdown(result.rows)}`)
  else if (!values.json) {
    console.log(`\n${result.title}`)
    console.table(result.rows.map(flattened))
  }
}
const [alone] = results
if (values.json && results.length === 1 && alone?.isBare) {
  console.log(JSON.stringify(alone.rows, null, 2))
} else if (values.json) {
  const processors = cpus()
  const machine = {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    node: process.version,
    kernels: kernelsName(true),
  }
  console.log(JSON.stringify({ machine, results }, null, 2))
}
