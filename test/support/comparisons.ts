import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { DEMO_TEXT } from '../../main/cli/demo-text.ts'
import { openComparison, type ChunkComparison, type Comparison } from '../../main/llama/index.ts'
import type { ComparisonRequest } from '../../main/llama/index.ts'
import { SAMPLE } from './cli.ts'
import { LLAMA_PROCESS, testFolder } from './services.ts'

/** The sample model on a short text, one thread: others may use the machine as well. */
export const SAMPLE_COMPARISON: ComparisonRequest = {
  referencePath: SAMPLE,
  text: DEMO_TEXT,
  context: 64,
  chunks: 2,
  threads: 1,
}

/** A comparison whose process is gone after the test. */
export async function testComparison(
  request: Partial<ComparisonRequest> = {},
  options: { processUrl?: URL; signal?: AbortSignal } = {},
): Promise<Comparison> {
  const comparison = await openComparison(
    { ...SAMPLE_COMPARISON, ...request },
    { processUrl: LLAMA_PROCESS, ...options },
  )
  onTestFinished(() => comparison.close())
  return comparison
}

export async function compareAll(comparison: Comparison, candidate: string): Promise<ChunkComparison[]> {
  await comparison.setCandidate(candidate)
  const chunks: ChunkComparison[] = []
  for (let index = 0; index < comparison.chunks; index++) chunks.push(await comparison.compareChunk(index))
  return chunks
}

/** The real process and something more: a script that runs beside it. */
export function processWith(script: string): URL {
  const path = join(testFolder(), 'process.mjs')
  // What listens first takes the messages that wait; so the real process comes first.
  writeFileSync(path, `import ${JSON.stringify(LLAMA_PROCESS.href)}\n${script}\n`)
  return pathToFileURL(path)
}
