/**
 * Child process around llama.cpp: answers calls over IPC, one after the other, as long as the parent listens.
 *
 * It runs apart because a crash inside llama.cpp (a broken model file is enough) must only be a message to us.
 */
import { toErrorData } from '../engine/errors.ts'
import { generate } from './generate.ts'
import type { LlamaCall, LlamaCalls, LlamaMessage, LlamaProgress, LlamaRequest } from './protocol.ts'
import { ComparisonScorer } from './scoring/comparison-scorer.ts'
import { measurePerplexity } from './scoring/perplexity.ts'

let comparison: ComparisonScorer | undefined
let earlier: Promise<void> = Promise.resolve()

function opened(): ComparisonScorer {
  if (comparison === undefined) throw new Error('No comparison is open')
  return comparison
}

async function answer(
  asked: LlamaRequest,
  report: (progress: LlamaProgress) => void,
): Promise<LlamaCalls[LlamaCall]['reply']> {
  switch (asked.call) {
    case 'perplexity':
      return measurePerplexity(asked.request, report)
    case 'generate':
      return generate(asked.request, report)
    case 'openComparison':
      comparison = await ComparisonScorer.open(asked.request)
      return comparison.shape
    case 'setCandidate':
      await opened().setCandidate(asked.request.path)
      return null
    case 'compareChunk':
      return opened().compareChunk(asked.request.index)
  }
}

const send = (message: LlamaMessage): void => void process.send?.(message)

async function handle(asked: LlamaRequest): Promise<void> {
  const { id } = asked
  try {
    const value = await answer(asked, (progress) => send({ id, kind: 'progress', progress }))
    send({ id, kind: 'done', value })
  } catch (thrown) {
    send({ id, kind: 'failed', error: toErrorData(thrown) })
  }
}

// An interrupt in a terminal reaches this process as well; it is the parent's to decide what it means.
process.on('SIGINT', () => undefined)
// Without a parent there is nobody to work for. An orderly exit would wait for llama.cpp's threads.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', (asked: LlamaRequest) => {
  earlier = earlier.then(() => handle(asked))
})
