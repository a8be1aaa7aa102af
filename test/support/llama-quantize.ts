import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { QuantizeJob, QuantizeOutcome } from './llama-quantize-process.ts'

const PROCESS = new URL('llama-quantize-process.ts', import.meta.url).pathname

/** Runs llama.cpp's own quantizer, in another process. */
export async function runLlamaQuantize(jobs: readonly QuantizeJob[]): Promise<readonly QuantizeOutcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'quantaloupe-'))
  try {
    const file = join(folder, 'jobs.json')
    writeFileSync(file, JSON.stringify(jobs))
    const { stdout } = await promisify(execFile)(process.execPath, [PROCESS, file], { maxBuffer: 2 ** 28 })
    return JSON.parse(stdout) as QuantizeOutcome[]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
