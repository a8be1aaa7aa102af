import { closeSync, mkdtempSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { encodedBytes, type Format } from '../../main/engine/quantizers/format.ts'
import { FORMATS, storedType } from '../../main/engine/quantizers/registry.ts'
import { loadGgml, type Ggml } from '../support/ggml.ts'
import { runCli } from './process.ts'
import { median, MEGABYTE, rounded, type Row, type Suite } from './suite.ts'
import { SYNTHETIC_WIDTH, writeSyntheticModel, type SyntheticModel } from './synthetic-model.ts'

/** Searching formats take seconds for one matrix; the others need more work than a process takes to start. */
const MATRICES = { searching: 2, plain: 8 }
const GGML_RUNS = 5

/** The fused pass (read, decode, quantize, dequantize, measure) in TypeScript, against ggml's bare quantizer. */
export const analyzeSuite: Suite = {
  name: 'analyze',
  title: 'analyze in TypeScript, MB of f32 input a second, against the bare quantizer of ggml on one thread',
  async run(folder, { formats }) {
    const models = {
      searching: synthetic(folder, MATRICES.searching),
      plain: synthetic(folder, MATRICES.plain),
    }
    const ggml = loadGgml()
    const rows: Row[] = []
    for (const format of FORMATS.filter(chosenBy(formats))) {
      const model = format.family === 'k' || format.family === 'i' ? models.searching : models.plain
      rows.push(await measure(format, model, folder, ggml))
    }
    return rows
  },
}

/** Without names: those that TypeScript measures in bearable time. */
function chosenBy(names: readonly string[]): (format: Format) => boolean {
  if (names.length > 0) return ({ name }) => names.includes(name)
  return ({ family }) => family === 'float' || family === 'legacy' || family === 'k'
}

function synthetic(folder: string, matrices: number): SyntheticModel {
  const bytes = (matrices + 0.5) * SYNTHETIC_WIDTH * SYNTHETIC_WIDTH * 2
  return writeSyntheticModel(join(folder, `${matrices}.gguf`), bytes)
}

async function measure(
  format: Format,
  model: SyntheticModel,
  folder: string,
  ggml: Ggml | undefined,
): Promise<Row> {
  const one = await rate(format, model, folder, 1)
  const two = await rate(format, model, folder, 2)
  const peer = ggml ? ggmlRate(ggml, format, model) : null
  return {
    format: format.name,
    oneThreadMBps: rounded(one),
    twoThreadsMBps: rounded(two),
    speedup: rounded(two / one),
    ggmlMBps: peer && rounded(peer),
    ratioToGgml: peer && rounded(one / peer),
  }
}

/** Of the job alone, as the command line reports it: start-up and the opening of the file are not in it. */
async function rate(format: Format, model: SyntheticModel, folder: string, threads: number): Promise<number> {
  const fresh = mkdtempSync(join(folder, 'data-'))
  const flags = ['--threads', String(threads), '--no-native', '--json', '--quiet']
  const run = await runCli(['analyze', model.path, '--formats', format.name, ...flags], fresh)
  const { elapsedMs } = JSON.parse(run.output) as { elapsedMs: number }
  return (model.weights * 4) / MEGABYTE / (elapsedMs / 1000)
}

function ggmlRate(ggml: Ggml, format: Format, model: SyntheticModel): number {
  const weights = firstMatrix(model)
  const bytes = encodedBytes(format, weights.length)
  const seconds = Array.from({ length: GGML_RUNS }, () => {
    const started = performance.now()
    ggml.quantize(format.id, weights, SYNTHETIC_WIDTH, null, bytes)
    return (performance.now() - started) / 1000
  })
  return (weights.length * 4) / MEGABYTE / median(seconds)
}

function firstMatrix(model: SyntheticModel): Float32Array {
  const weights = new Float32Array(SYNTHETIC_WIDTH * SYNTHETIC_WIDTH)
  const halves = new Uint8Array(weights.length * 2)
  const file = openSync(model.path, 'r')
  readSync(file, halves, 0, halves.length, model.dataOffset)
  closeSync(file)
  storedType('F16')?.dequantize(halves, weights)
  return weights
}
