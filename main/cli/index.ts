#!/usr/bin/env node
import module from 'node:module'

/** Entry of the command line, the same file from source and built. Knows where the other entries are. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`Quantaloupe needs Node 22.18 or newer; this is ${process.versions.node}.\n`)
  process.exit(1)
}
module.enableCompileCache()

const isSource = import.meta.url.endsWith('.ts')
const at = (source: string, built: string): URL => new URL(isSource ? source : built, import.meta.url)

const { main } = await import('./main.ts')
await main(process.argv, {
  engineWorker: at('../workers/engine-worker.ts', './engine-worker.js'),
  llamaProcess: at('../llama/llama-process.ts', './llama-process.js'),
  window: at('../../out/renderer/', '../renderer/'),
  electronMain: at('../../out/main/index.js', './index.js'),
  manifest: new URL('../../package.json', import.meta.url),
})
