/**
 * Child process around llama.cpp: takes one task over IPC, answers, ends.
 *
 * It runs apart because a crash inside llama.cpp (a broken model file is enough) must only be a message to us.
 */
import { toErrorData } from '../engine/errors.ts'
import { generate } from './generate.ts'
import { measurePerplexity } from './perplexity.ts'
import type { LlamaMessage, LlamaProgress, LlamaResults, LlamaTask } from './protocol.ts'

function send(message: LlamaMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()))
}

function run(task: LlamaTask): Promise<LlamaResults[keyof LlamaResults]> {
  const report = (progress: LlamaProgress): void => void send({ kind: 'progress', progress })
  switch (task.kind) {
    case 'perplexity':
      return measurePerplexity(task, report)
    case 'generate':
      return generate(task, report)
  }
}

// Without a parent there is nobody to work for.
process.once('disconnect', () => process.exit(1))
process.once('message', (task: LlamaTask) => {
  run(task)
    .then((value) => send({ kind: 'done', value }))
    .catch((thrown: unknown) => send({ kind: 'failed', error: toErrorData(thrown) }))
    .finally(() => process.exit(0))
})
