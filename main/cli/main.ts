import { CommanderError } from 'commander'
import { describeError, toErrorData } from '../engine/errors.ts'
import { printable } from './printable.ts'
import { buildProgram } from './program.ts'
import type { ProgramFiles } from './program-files.ts'

const CANCELLED = 130

/** Runs one command and sets the exit code: 0 done, 1 wrong input or arguments, 2 a fault of ours, 130 interrupted. */
export async function main(argv: readonly string[], files: ProgramFiles): Promise<void> {
  endQuietlyOnClosedPipe()
  try {
    await buildProgram(files, interruption()).parseAsync(argv)
  } catch (thrown) {
    process.exitCode = report(thrown)
  }
}

/** `quantaloupe … | head` ends when head has seen enough. */
function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
}

/** The first Ctrl+C asks the running work to stop; a second one does not wait for it. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(CANCELLED)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return controller.signal
}

function report(thrown: unknown): number {
  if (thrown instanceof CommanderError) return reportUsage(thrown)
  const error = toErrorData(thrown)
  if (error.code === 'CANCELLED') return CANCELLED
  process.stderr.write(`quantaloupe: ${oneLine(describeError(error))}\n`)
  if (error.fault === 'input') return 1
  if (process.env['QUANTALOUPE_DEBUG'] && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`)
  return 2
}

/** Commander has printed help and versions itself; its complaints come here. */
function reportUsage(error: CommanderError): number {
  if (error.exitCode === 0) return 0
  if (error.code !== 'commander.help') {
    const sentence = oneLine(error.message.replace(/^error: /, '').replace(/\n+\(/, ' ('))
    process.stderr.write(`quantaloupe: ${sentence.replace(/\.+$/, '')}. See quantaloupe --help\n`)
  }
  return 1
}

const oneLine = (text: string): string => printable(text.replaceAll(/\s*\n\s*/g, ' '))
