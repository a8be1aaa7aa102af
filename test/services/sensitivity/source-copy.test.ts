import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { onTestFinished, expect, it } from 'vitest'
import { formatByName } from '../../../main/engine/quantizers/registry.ts'
import type { Model } from '../../../main/engine/formats/model.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import type { Tensor } from '../../../main/engine/tensor/tensor.ts'
import { JobSwitch } from '../../../main/services/jobs/job.ts'
import { tensorSource } from '../../../main/services/measurements/tensor-source.ts'
import { WorkerPool } from '../../../main/services/pool/worker-pool.ts'
import { SourceCopy } from '../../../main/services/sensitivity/source-copy.ts'
import { tinyLlama } from '../../support/llama-services.ts'
import { SAMPLE_GGUF } from '../../support/sample-model.ts'
import { ENGINE_WORKER, testFolder } from '../../support/services.ts'
import { splitInTwo } from '../../support/split-model.ts'
import { rejectionOf } from '../../support/thrown.ts'

function jobContext(threads = 2): JobSwitch {
  const pool = new WorkerPool(ENGINE_WORKER, threads)
  onTestFinished(() => pool.close())
  return new JobSwitch(pool, false, () => undefined)
}

function fingerprintOf(context: JobSwitch, model: Model, tensor: Tensor): Promise<string> {
  return context.run<'fingerprint'>({ kind: 'fingerprint', source: tensorSource(model, tensor) })
}

const Q4_K = formatByName('Q4_K')!

it('replaces one tensor and nothing else, and restores every byte', async () => {
  const model = openModel(SAMPLE_GGUF)
  const [context, folder] = [jobContext(), testFolder()]
  const copy = await SourceCopy.make(context, model, folder)
  const original = readFileSync(SAMPLE_GGUF)
  expect(readFileSync(copy.path).equals(original)).toBe(true)

  const tensor = model.tensors.find(({ name }) => name === 'blk.3.ffn_down.weight')!
  const { error2, weight2 } = await copy.replace(context, tensor, Q4_K, null)
  expect(Math.sqrt(error2 / weight2)).toBeGreaterThan(0.05)
  expect(Math.sqrt(error2 / weight2)).toBeLessThan(0.1)
  const replaced = readFileSync(copy.path)
  const [first, end] = [tensor.offsetBytes, tensor.offsetBytes + tensor.bytes]
  expect(replaced.subarray(first, end).equals(original.subarray(first, end))).toBe(false)
  original.copy(replaced, first, first, end)
  expect(replaced.equals(original)).toBe(true)

  await copy.restore(context, tensor, await fingerprintOf(context, model, tensor))
  expect(readFileSync(copy.path).equals(original)).toBe(true)
  expect(readFileSync(SAMPLE_GGUF).equals(original)).toBe(true)
})

it('gives the same sums whatever the number of threads', async () => {
  const model = openModel(SAMPLE_GGUF)
  const tensor = model.tensors.find(({ name }) => name === 'output.weight')!
  const sums = await Promise.all(
    [1, 2].map(async (threads) => {
      const [context, folder] = [jobContext(threads), testFolder()]
      return (await SourceCopy.make(context, model, folder)).replace(context, tensor, Q4_K, null)
    }),
  )
  expect(sums[0]).toEqual(sums[1])
})

it('notices what it could not restore', async () => {
  const model = openModel(SAMPLE_GGUF)
  const [context, folder] = [jobContext(), testFolder()]
  const copy = await SourceCopy.make(context, model, folder)
  const tensor = model.tensors.find(({ name }) => name === 'blk.0.attn_q.weight')!
  const wrong = '0'.repeat(64)
  expect(await rejectionOf(copy.restore(context, tensor, wrong))).toMatchObject({ code: 'RESTORE_FAILED' })
})

it('can write to the copy of a file that may only be read', async () => {
  const path = tinyLlama()
  chmodSync(path, 0o400)
  const model = openModel(path)
  const [context, folder] = [jobContext(), testFolder()]
  const copy = await SourceCopy.make(context, model, folder)
  expect(statSync(copy.path).mode & 0o200).toBe(0o200)
})

it('copies all shards under their names, and finds a tensor in its own', async () => {
  const shards = splitInTwo(tinyLlama(), testFolder())
  const model = openModel(shards[1])
  const [context, folder] = [jobContext(), testFolder()]
  const copy = await SourceCopy.make(context, model, folder)
  expect(readdirSync(folder).toSorted()).toEqual(['split-00001-of-00002.gguf', 'split-00002-of-00002.gguf'])
  expect(copy.path).toBe(join(folder, 'split-00001-of-00002.gguf'))
  const tensor = model.tensors.find(({ file, quantizable }) => file === 1 && quantizable)!
  const before = shards.map((path) => readFileSync(path))
  await copy.replace(context, tensor, formatByName('Q4_0')!, null)
  const after = readdirSync(folder).map((name) => readFileSync(join(folder, name)))
  expect(after.map((bytes, index) => bytes.equals(before[index]!))).toEqual([true, false])
  await copy.restore(context, tensor, await fingerprintOf(context, model, tensor))
  expect(readFileSync(join(folder, 'split-00002-of-00002.gguf')).equals(before[1]!)).toBe(true)
})

it('stops when the job is cancelled, and fails when the source has changed', async () => {
  const context = jobContext()
  const source = join(testFolder(), 'source.gguf')
  copyFileSync(SAMPLE_GGUF, source)
  const model = openModel(source)
  const folder = join(testFolder(), 'copy')
  mkdirSync(folder)
  truncateSync(source, 1_000_000)
  expect(await rejectionOf(SourceCopy.make(context, model, folder))).toMatchObject({ code: 'FILE_CHANGED' })
  context.cancel()
  expect(await rejectionOf(SourceCopy.make(context, openModel(SAMPLE_GGUF), folder))).toMatchObject({
    code: 'CANCELLED',
  })
})
