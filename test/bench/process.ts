import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/imports.ts'

export interface ProcessFigures {
  readonly seconds: number
  /** Highest resident memory of the process; null where the system does not tell (only Linux does). */
  readonly peakBytes: number | null
  readonly output: string
}

/** High-water mark of resident memory, from `/proc`; it only grows, so the last reading counts. */
function peakResident(pid: number): number | null {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line ? Number(line[1]) * 1024 : null
  } catch {
    return null
  }
}

/** Runs the built command line as its own process and measures it from outside. */
export async function runCli(args: readonly string[], dataFolder: string): Promise<ProcessFigures> {
  const started = performance.now()
  const child = spawn(process.execPath, [join(ROOT, 'out/main/cli.js'), ...args], {
    env: { ...process.env, QUANTALOUPE_HOME: dataFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let peakBytes: number | null = null
  const watch = setInterval(() => (peakBytes = peakResident(child.pid ?? 0) ?? peakBytes), 20)
  const output = collect(child.stdout)
  const problems = collect(child.stderr)
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  clearInterval(watch)
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${await problems}`)
  return { seconds: (performance.now() - started) / 1000, peakBytes, output: await output }
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  const parts: string[] = []
  for await (const part of stream) parts.push(String(part))
  return parts.join('')
}
