/**
 * `npm run bench [-- NAME...] [--json]`: speed and memory, measured on this machine.
 *
 * Prints one table per suite, or one JSON document with `--json`. Asserts nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { analyzeSuite } from './analyze.ts'
import { framesSuite } from './frames.ts'
import { headerSuite } from './header.ts'
import { inspectSuite } from './inspect.ts'
import { memorySuite } from './memory.ts'
import type { Suite } from './suite.ts'

const SUITES: readonly Suite[] = [inspectSuite, headerSuite, analyzeSuite, memorySuite, framesSuite]

function chosen(names: readonly string[]): readonly Suite[] {
  const unknown = names.find((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown !== undefined) {
    throw new Error(
      `No benchmark is called ${unknown}; there are ${SUITES.map((suite) => suite.name).join(', ')}`,
    )
  }
  return names.length === 0 ? SUITES : SUITES.filter((suite) => names.includes(suite.name))
}

async function runSuite(suite: Suite) {
  const folder = mkdtempSync(join(tmpdir(), 'quantaloupe-bench-'))
  try {
    return { name: suite.name, title: suite.title, rows: await suite.run(folder) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true })
const results = []
for (const suite of chosen(positionals)) {
  const result = await runSuite(suite)
  results.push(result)
  if (!values.json) {
    console.log(`\n${result.title}`)
    console.table(result.rows)
  }
}
if (values.json) {
  const processors = cpus()
  const machine = { cpu: processors[0]?.model ?? 'unknown', cores: processors.length, node: process.version }
  console.log(JSON.stringify({ machine, results }, null, 2))
}
