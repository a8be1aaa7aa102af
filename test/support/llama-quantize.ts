import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe } from 'vitest'
import { libraryPath } from './ggml.ts'
import type { QuantizeJob, QuantizeOutcome } from './llama-quantize-process.ts'

const PROCESS = new URL('llama-quantize-process.ts', import.meta.url).pathname

/** Tests against llama.cpp: skipped, and titled so, where node-llama-cpp brings no library for the platform. */
export function describeLlama(title: string, tests: () => void): void {
  if (libraryPath('llama') !== undefined) describe(title, tests)
  else describe.skip(`${title} (node-llama-cpp brings no llama.cpp for this platform)`, tests)
}

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
