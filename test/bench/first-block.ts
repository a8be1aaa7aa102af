/**
 * A process that quantizes one block and tells how long that took, tables and all: PROGRAM FORMAT.
 *
 * PROGRAM is `native`, `typescript` or `ggml`. Prints the seconds of the first call and of the second.
 */
import { nativeKernels, typescriptKernels } from '../../main/engine/kernels/kernels.ts'
import { formatByName } from '../../main/engine/quantizers/registry.ts'
import { loadGgml } from '../support/ggml.ts'
import { randomImportance, randomRow } from '../support/random-rows.ts'

const LENGTH = 256
const [program = '', name = ''] = process.argv.slice(2)
const format = formatByName(name)
if (!format) throw new Error(`There is no format ${name}`)
const weights = randomRow('gauss', LENGTH, 1)
const importance = randomImportance('lognormal', LENGTH, 1)
const out = new Uint8Array((LENGTH / format.blockSize) * format.blockBytes)

const kernels = program === 'native' ? nativeKernels() : typescriptKernels
const ggml = program === 'ggml' ? loadGgml() : undefined
if (program === 'ggml' ? !ggml : !kernels) throw new Error(`There is no ${program} here`)

function quantize(): number {
  const started = performance.now()
  if (ggml) ggml.quantizeInto(format!.id, weights, LENGTH, importance, out)
  else kernels?.quantizeRows(format!, 'reference', weights, LENGTH, importance, out)
  return (performance.now() - started) / 1000
}

console.log(JSON.stringify({ first: quantize(), second: quantize() }))
