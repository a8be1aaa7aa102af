import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEMO_TEXT } from '../../main/cli/demo-text.ts'
import type { ServiceOptions, Services } from '../../main/services/index.ts'
import type { Job } from '../../preload/contract.ts'
import { testFolder, testServices } from './services.ts'
import { writeTinyLlama } from './tiny-llama.ts'

/** One thread: llama.cpp's threads wait for each other busily, and others use the machine as well. */
export function llamaServices(options: Partial<ServiceOptions> = {}): Services {
  return testServices({ threads: 1, ...options })
}

/** A file with the demo's text, as often as asked for. */
export function writeText(folder = testFolder(), times = 1, name = 'text.txt'): string {
  const path = join(folder, name)
  writeFileSync(path, DEMO_TEXT.repeat(times))
  return path
}

/** A model of nine small matrices in F32 that llama.cpp loads. */
export function tinyLlama(folder = testFolder(), seed = 1): string {
  const path = join(folder, `tiny-${seed}.gguf`)
  writeTinyLlama(path, { vocabulary: 300, seed })
  return path
}

/** Names of what jobs left in the work folder of a data folder. */
export function workFiles(dataFolder: string): string[] {
  const folder = join(dataFolder, 'temporary')
  return existsSync(folder) ? readdirSync(folder) : []
}

/** Waits for a job of this run and gives it as it ended. */
export function ended(services: Services, { id }: Job): Promise<Job> {
  return services.jobs.finished(id)
}
