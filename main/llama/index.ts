import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { fromErrorData, QuantaloupeError } from '../engine/errors.ts'
import type {
  Generation,
  GenerateTask,
  LlamaMessage,
  LlamaProgress,
  LlamaTask,
  Perplexity,
  PerplexityTask,
} from './protocol.ts'

export interface LlamaOptions {
  /** Script of the child process: `llama-process.ts` or what it was built to. */
  readonly processUrl: URL
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: LlamaProgress) => void
}

/**
 * Perplexity of a model on a text, measured by llama.cpp in a process of its own.
 *
 * @throws QuantaloupeError `TEXT_TOO_SHORT`, `MODEL_REFUSED`, `LLAMA_UNAVAILABLE`, `LLAMA_CRASHED`, `CANCELLED`
 */
export async function perplexity(
  task: Omit<PerplexityTask, 'kind'>,
  options: LlamaOptions,
): Promise<Perplexity> {
  return (await runTask({ ...task, kind: 'perplexity' }, options)) as Perplexity
}

/**
 * Greedy continuation of a prompt by llama.cpp in a process of its own.
 *
 * @throws QuantaloupeError `MODEL_REFUSED`, `LLAMA_UNAVAILABLE`, `LLAMA_CRASHED`, `CANCELLED`
 */
export async function generate(task: Omit<GenerateTask, 'kind'>, options: LlamaOptions): Promise<Generation> {
  return (await runTask({ ...task, kind: 'generate' }, options)) as Generation
}

function runTask(task: LlamaTask, options: LlamaOptions): Promise<Perplexity | Generation> {
  if (options.signal?.aborted) return Promise.reject(cancelled())
  const child = fork(fileURLToPath(options.processUrl), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    // Inside Electron the same binary serves as Node.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  })
  const cancel = (): boolean => child.kill('SIGKILL')
  options.signal?.addEventListener('abort', cancel, { once: true })
  child.send(task)
  return reply(child, task, options).finally(() => {
    options.signal?.removeEventListener('abort', cancel)
    child.kill('SIGKILL')
  })
}

function reply(
  child: ChildProcess,
  task: LlamaTask,
  options: LlamaOptions,
): Promise<Perplexity | Generation> {
  const lastWords = keepTail(child)
  return new Promise((resolve, reject) => {
    child.on('message', (message: LlamaMessage) => {
      if (message.kind === 'progress') options.onProgress?.(message.progress)
      if (message.kind === 'done') resolve(message.value)
      if (message.kind === 'failed') reject(fromErrorData(message.error))
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (options.signal?.aborted) reject(cancelled())
      else reject(crashed(task, signal ?? `exit code ${code}`, lastWords()))
    })
  })
}

/** The last line the process wrote to its standard error. */
function keepTail(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-2000)))
  return () => tail.trim().split('\n').at(-1) ?? ''
}

function crashed(task: LlamaTask, how: string, lastWords: string): QuantaloupeError {
  const said = lastWords === '' ? '' : `: ${lastWords}`
  return new QuantaloupeError('LLAMA_CRASHED', `llama.cpp ended unexpectedly (${how})${said}`, {
    place: task.modelPath,
    remedy: 'The model file may be damaged, or the memory is not enough for it.',
  })
}

const cancelled = (): QuantaloupeError => new QuantaloupeError('CANCELLED', 'The measurement was cancelled')
