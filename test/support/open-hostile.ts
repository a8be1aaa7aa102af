/**
 * Opens the files named on standard input one by one and prints what each gave and how far the process grew meanwhile.
 *
 * Runs as a process of its own with `--expose-gc`, so that nothing else counts as growth.
 */
import { readFileSync, writeFileSync } from 'node:fs'

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
  /** Largest resident size while it was opened, less the size before. */
  readonly grownBytes: number
  /** Largest resident size of the whole process so far. */
  readonly peakBytes: number
}

/**
 * Largest resident size in bytes. Linux keeps its own count for the address space, which does not begin with the size
 * of the parent and can be set back.
 */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

/** Frees what is not used and forgets earlier peaks where the system can. */
function settle(): void {
  globalThis.gc?.()
  if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5')
}

function open({ path, kind }: OpenRequest): ErrorData | null {
  try {
    if (kind === 'allocation') new Uint8Array(Number(path)).fill(1)
    else if (kind === 'imatrix') readImatrix(path)
    else openModel(path)
    return null
  } catch (thrown) {
    return toErrorData(thrown)
  }
}

const requests = JSON.parse(readFileSync(0, 'utf8')) as OpenRequest[]
let largest = 0
const outcomes: OpenOutcome[] = requests.map((request) => {
  largest = Math.max(largest, peakBytes())
  settle()
  const before = peakBytes()
  const error = open(request)
  const after = peakBytes()
  largest = Math.max(largest, after)
  return { error, grownBytes: after - before, peakBytes: largest }
})
process.stdout.write(JSON.stringify(outcomes))
