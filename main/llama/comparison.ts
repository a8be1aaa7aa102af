import { rmSync } from 'node:fs'
import type { ChunkComparison, ComparisonShape, ComparisonTask } from './protocol.ts'
import { newRecordPath } from './record-file.ts'
import { LlamaSession, type SessionOptions } from './session.ts'

export interface ComparisonRequest extends Omit<ComparisonTask, 'recordPath'> {
  /**
   * The reference is evaluated once per chunk and its logits are kept in a temporary file there, so that many
   * candidates cost one evaluation each. Absent: both models run side by side and nothing is kept.
   */
  readonly recordFolder?: string
}

/** A reference and a text, in a process of its own, ready for candidates. */
export interface Comparison extends ComparisonShape {
  /**
   * The former candidate is freed first; a path whose file changed in place is read anew.
   *
   * @throws QuantaloupeError `MODEL_REFUSED`, `VOCABULARY_MISMATCH`, `LLAMA_CRASHED`, `CANCELLED`
   */
  setCandidate(path: string): Promise<void>
  /** @throws QuantaloupeError `MODEL_REFUSED`, `DISK_FULL`, `FILE_NOT_WRITABLE`, `LLAMA_CRASHED`, `CANCELLED` */
  compareChunk(index: number): Promise<ChunkComparison>
  /** Ends the process; with it goes the temporary file, as it does after a crash or a cancellation. */
  close(): Promise<void>
}

/**
 * Compares candidates with a reference on the chunks of a text, in the manner of `llama-perplexity --kl-divergence`.
 *
 * Memory is bounded whatever the text and the vocabulary: at most 256 positions' logits per model.
 *
 * @throws QuantaloupeError `TEXT_TOO_SHORT`, `MODEL_REFUSED`, `LLAMA_UNAVAILABLE`, `LLAMA_CRASHED`, `DISK_FULL`,
 *   `FILE_NOT_WRITABLE`, `CANCELLED`
 */
export async function openComparison(
  request: ComparisonRequest,
  options: SessionOptions,
): Promise<Comparison> {
  const { recordFolder, ...task } = request
  const recordPath = recordFolder === undefined ? undefined : newRecordPath(recordFolder)
  const session = new LlamaSession(options)
  // What cannot be removed now is removed as a left-over later.
  const removed = session.ended
    .then(() => recordPath !== undefined && rmSync(recordPath, { force: true }))
    .catch(() => undefined)
  const close = async (): Promise<void> => {
    await session.close()
    await removed
  }
  try {
    const given = recordPath === undefined ? task : { ...task, recordPath }
    const shape = await session.call('openComparison', given, task.referencePath)
    return { ...shape, ...candidateCalls(session), close }
  } catch (error) {
    await close()
    throw error
  }
}

function candidateCalls(session: LlamaSession): Pick<Comparison, 'setCandidate' | 'compareChunk'> {
  let candidate = ''
  return {
    async setCandidate(path) {
      candidate = path
      await session.call('setCandidate', { path }, path)
    },
    compareChunk: (index) => session.call('compareChunk', { index }, candidate),
  }
}
