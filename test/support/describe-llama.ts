import { describe } from 'vitest'
import { libraryPath } from './ggml.ts'

/** Tests against llama.cpp: skipped, and titled so, where node-llama-cpp brings no library for the platform. */
export function describeLlama(title: string, tests: () => void): void {
  if (libraryPath('llama') !== undefined) describe(title, tests)
  else describe.skip(`${title} (node-llama-cpp brings no llama.cpp for this platform)`, tests)
}
