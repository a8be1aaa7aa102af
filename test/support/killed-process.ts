import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const SCRIPT = new URL('../fixtures/service-process.ts', import.meta.url).pathname

/**
 * Runs the service process until it has printed a line that fits, kills it with SIGKILL, and gives what it printed.
 */
export async function runUntilKilled(
  args: readonly string[],
  fits: (line: string, all: readonly string[]) => boolean,
): Promise<string[]> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (fits(line, lines)) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  if (child.signalCode !== 'SIGKILL') throw new Error(`It ended by itself: ${lines.join('\n')}`)
  return lines
}
