import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { FileBytes } from '../../main/engine/formats/file-bytes.ts'
import type { Model } from '../../main/engine/formats/model.ts'
import { openModel } from '../../main/engine/formats/open-model.ts'
import { libraryPath } from '../support/ggml.ts'
import { ROOT } from '../support/imports.ts'
import { runLlamaQuantize } from '../support/llama-quantize.ts'
import { writeLlamaModel } from './llama-model.ts'
import { runCli } from './process.ts'
import { median, megabytes, rounded, type Row, type Suite } from './suite.ts'

const SAMPLE = join(ROOT, 'test/models/novelist-7m/novelist-7m-f16.gguf')
/** `LLAMA_FTYPE_MOSTLY_Q4_K_S`: pure, it is Q4_K for every matrix. */
const FILE_TYPE = 14

/** Whole files to Q4_K: our `export`, process and all, against the call of `llama_model_quantize` alone. */
export const exportSuite: Suite = {
  name: 'export',
  title: 'export to Q4_K, every matrix: seconds, and the same tensor bytes as llama_model_quantize',
  async run(folder) {
    const large = join(folder, 'large.gguf')
    writeLlamaModel(large)
    return [
      await compare('sample model, 14 MB', SAMPLE, folder, 7),
      await compare('synthetic llama, 1.08 GB', large, folder, 3),
    ]
  },
}

interface Turn {
  /** Of the export alone, as it tells itself. */
  readonly seconds: number
  readonly wholeSeconds: number
  readonly peakBytes: number | null
}

async function compare(title: string, source: string, folder: string, rounds: number): Promise<Row> {
  const threads = availableParallelism()
  const [ours, theirs] = [join(folder, 'ours.gguf'), join(folder, 'theirs.gguf')]
  const hasPeer = libraryPath('llama') !== undefined
  const [own, peer]: [Turn[], Turn[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    const turns = [
      async () => own.push(await exportOurs(source, ours, threads, folder)),
      async () => hasPeer && peer.push(await quantizeTheirs(source, theirs, threads)),
    ]
    // Both orders: the second finds the source in the page cache in any case, but not the same clock rate.
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn()
  }
  const [mine, other] = [own, peer].map((turns) => median(turns.map(({ seconds }) => seconds))) as [
    number,
    number,
  ]
  const whole = median(own.map(({ wholeSeconds }) => wholeSeconds))
  const row = {
    model: title,
    threads,
    seconds: rounded(mine),
    wholeProcessSeconds: rounded(whole),
    llamaSeconds: hasPeer ? rounded(other) : null,
    ratio: hasPeer ? rounded(other / mine) : null,
    wholeProcessRatio: hasPeer ? rounded(other / whole) : null,
    sameTensorBytes: hasPeer ? sameTensors(ours, theirs) : null,
    peakMB: megabytes(Math.max(...own.map(({ peakBytes }) => peakBytes ?? 0))),
  }
  for (const path of [ours, theirs]) rmSync(path, { force: true })
  return row
}

async function exportOurs(source: string, target: string, threads: number, folder: string): Promise<Turn> {
  const flags = [
    '--preset',
    'Q4_K',
    '--pure',
    '-o',
    target,
    '--threads',
    String(threads),
    '--overwrite',
    '--json',
    '--quiet',
  ]
  const { output, seconds: wholeSeconds, peakBytes } = await runCli(['export', source, ...flags], folder)
  const { seconds } = JSON.parse(output) as { seconds: number }
  return { seconds, wholeSeconds, peakBytes }
}

async function quantizeTheirs(source: string, target: string, threads: number): Promise<Turn> {
  const [outcome] = await runLlamaQuantize([{ source, target, fileType: FILE_TYPE, pure: true, threads }])
  if (!outcome?.ok) throw new Error(`llama_model_quantize failed: ${outcome?.complaints}`)
  const { seconds } = outcome
  return { seconds, wholeSeconds: seconds, peakBytes: null }
}

/** Type, shape and bytes of every tensor. */
function sameTensors(first: string, second: string): boolean {
  const [a, b] = [openModel(first), openModel(second)]
  const others = new Map(b.tensors.map((tensor) => [tensor.name, tensor]))
  return (
    a.tensors.length === b.tensors.length &&
    a.tensors.every((tensor) => {
      const other = others.get(tensor.name)
      if (other?.type !== tensor.type || other.shape.join() !== tensor.shape.join()) return false
      return Buffer.compare(bytesOf(a, tensor.name), bytesOf(b, tensor.name)) === 0
    })
  )
}

function bytesOf(model: Model, name: string): Uint8Array {
  const tensor = model.tensors.find((candidate) => candidate.name === name)
  const file = tensor && model.files[tensor.file]
  if (!tensor || !file) throw new Error(`${model.path} has no tensor ${name}`)
  return FileBytes.with(file.path, (bytes) => bytes.read(tensor.offsetBytes, tensor.bytes))
}
