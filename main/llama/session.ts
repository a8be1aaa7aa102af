import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { fromErrorData, QuantaloupeError } from '../engine/errors.ts'
import type { LlamaCall, LlamaCalls, LlamaMessage, LlamaProgress } from './protocol.ts'

export interface SessionOptions {
  /** Script of the child process: `llama-process.ts` or what it was built to. */
  readonly processUrl: URL
  /** Ends the process; what is asked of it fails with `CANCELLED`. */
  readonly signal?: AbortSignal
}

/** A call that is not answered yet. */
interface Pending {
  readonly resolve: (value: LlamaCalls[LlamaCall]['reply']) => void
  readonly reject: (error: Error) => void
  readonly onProgress: ((progress: LlamaProgress) => void) | undefined
}

/** How much of what the process writes to its standard error is kept. */
const LAST_WORDS = 2000

/** A child process with llama.cpp, and the calls it has to answer. */
export class LlamaSession {
  readonly #child: ChildProcess
  readonly #signal: AbortSignal | undefined
  readonly #pending = new Map<number, Pending>()
  /** Resolves when the process is gone. */
  readonly ended: Promise<unknown>
  /** Model that the last call was about: the likely cause of a crash. */
  #place = ''
  #calls = 0
  #lastWords = ''
  /** Why there are no more answers. */
  #end: Error | undefined
  readonly #cancel = (): void => this.#stop(cancelled())

  /** @throws QuantaloupeError `CANCELLED` */
  constructor({ processUrl, signal }: SessionOptions) {
    if (signal?.aborted) throw cancelled()
    this.#signal = signal
    this.#child = startProcess(processUrl)
    this.ended = once(this.#child, 'close').catch(() => undefined)
    this.#child.on('message', (message: LlamaMessage) => this.#receive(message))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    this.#child.once('error', (error) => this.#stop(error))
    // Unlike `exit`, `close` comes when all that the process wrote has been read.
    this.#child.once('close', (code, name) => this.#stop(this.#crash(name ?? `exit code ${code}`)))
    signal?.addEventListener('abort', this.#cancel, { once: true })
  }

  /**
   * @param place path of the model that the call is about
   * @throws QuantaloupeError what the call throws, `LLAMA_CRASHED`, `CANCELLED`
   */
  call<Call extends LlamaCall>(
    call: Call,
    request: LlamaCalls[Call]['request'],
    place: string,
    onProgress?: (progress: LlamaProgress) => void,
  ): Promise<LlamaCalls[Call]['reply']> {
    if (this.#end) return Promise.reject(this.#end)
    this.#place = place
    const id = this.#calls++
    const reply = new Promise<LlamaCalls[LlamaCall]['reply']>((resolve, reject) =>
      this.#pending.set(id, { resolve, reject, onProgress }),
    )
    // A failure to send means that the process has ended, which is told by its end.
    this.#child.send({ id, call, request }, () => undefined)
    return reply
  }

  /** Ends the process and waits until it is gone. */
  async close(): Promise<void> {
    this.#stop(new Error('The llama.cpp process was closed'))
    await this.ended
  }

  #receive(message: LlamaMessage): void {
    const pending = this.#pending.get(message.id)
    if (pending === undefined) return
    if (message.kind === 'progress') return pending.onProgress?.(message.progress)
    this.#pending.delete(message.id)
    if (message.kind === 'done') pending.resolve(message.value)
    else pending.reject(fromErrorData(message.error))
  }

  #stop(reason: Error): void {
    this.#end ??= reason
    this.#signal?.removeEventListener('abort', this.#cancel)
    for (const { reject } of this.#pending.values()) reject(this.#end)
    this.#pending.clear()
    this.#child.kill('SIGKILL')
  }

  #hear(text: string): void {
    this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS)
  }

  #crash(how: string): QuantaloupeError {
    const line = this.#lastWords.trim().split('\n').at(-1) ?? ''
    const said = line === '' ? '' : `: ${line}`
    return new QuantaloupeError('LLAMA_CRASHED', `llama.cpp ended unexpectedly (${how})${said}`, {
      place: this.#place,
      remedy: 'The model file may be damaged, or the memory is not enough for it.',
    })
  }
}

function startProcess(processUrl: URL): ChildProcess {
  return fork(fileURLToPath(processUrl), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Typed arrays stay typed arrays.
    serialization: 'advanced',
    execArgv: [],
    env: {
      ...process.env,
      // Inside Electron the same binary serves as Node.
      ELECTRON_RUN_AS_NODE: '1',
      // The last words shall be what failed, not a debugger's list of frames.
      GGML_NO_BACKTRACE: '1',
    },
  })
}

const cancelled = (): QuantaloupeError => new QuantaloupeError('CANCELLED', 'The measurement was cancelled')
