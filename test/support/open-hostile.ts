/**
 * Opens the files named on standard input one by one and prints what each gave and how far the process has grown since
 * the first, which pays for what every opening loads.
 *
 * Runs as a process of its own with `--expose-gc`, so that nothing else counts as growth.
 */
import { readFileSync } from 'node:fs'

import { toErrorData } from '../../main/engine/errors.ts'
import { openModel } from '../../main/engine/formats/open-model.ts'
import { readImatrix } from '../../main/engine/importance/read-imatrix.ts'
import type { ErrorData } from '../../main/engine/errors.ts'

export interface OpenRequest {
  readonly path: string
  readonly kind: string
}

export interface OpenOutcome {
  readonly error: ErrorData | null
  /** Largest resident size so far, less what it was behind the first file. */
  readonly grownBytes: number
  /** Largest resident size of the whole process so far. */
  readonly peakBytes: number
}

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024
}

function open({ path, kind }: OpenRequest): ErrorData | null {
  try {
    if (kind === 'imatrix') readImatrix(path)
    else openModel(path)
    return null
  } catch (thrown) {
    return toErrorData(thrown)
  }
}

const requests = JSON.parse(readFileSync(0, 'utf8')) as OpenRequest[]
let start: number | null = null
const outcomes: OpenOutcome[] = requests.map((request) => {
  globalThis.gc?.()
  const error = open(request)
  start ??= peakBytes()
  return { error, grownBytes: peakBytes() - start, peakBytes: peakBytes() }
})
process.stdout.write(JSON.stringify(outcomes))
