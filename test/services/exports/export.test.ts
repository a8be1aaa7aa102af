import { createHash } from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { typescriptKernels } from '../../../main/engine/kernels/kernels.ts'
import { formatByName } from '../../../main/engine/quantizers/registry.ts'
import { RowReader } from '../../../main/engine/tensor/row-reader.ts'
import type { Tensor } from '../../../main/engine/tensor/tensor.ts'
import type { Model } from '../../../main/engine/formats/model.ts'
import type { Services } from '../../../main/services/index.ts'
import type { ExportRequest, Job, PlanChoices } from '../../../preload/contract.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import {
  callOk,
  choose,
  codeOf,
  floatTensor,
  nextJob,
  testFolder,
  testServices,
  touch,
  writeSmallModel,
} from '../../support/services.ts'
import { smallDisk } from '../../support/small-disk.ts'

interface Run {
  readonly services: Services
  readonly model: string
}

async function openSmall(
  options: Parameters<typeof writeSmallModel>[1] = {},
): Promise<Run & { path: string }> {
  const services = testServices()
  const path = writeSmallModel(testFolder(), options)
  return { services, path, model: (await services.library.open(path)).id }
}

function request({ services, model }: Run, path: string, rest: Partial<ExportRequest> = {}): ExportRequest {
  const choices = rest.choices ?? choose(services, model, 'Q4_K')
  return { model, path, overwrite: false, allowRequantize: false, ...rest, choices }
}

async function exportModel(run: Run, path: string, rest: Partial<ExportRequest> = {}): Promise<Job> {
  const { id } = await run.services.exports.start(request(run, path, rest))
  return run.services.jobs.finished(id)
}

function storedBytes(model: Model, name: string): Uint8Array {
  const tensor = model.tensors.find((candidate) => candidate.name === name)
  const file = model.files[tensor?.file ?? 0]
  if (!tensor || !file) throw new Error(`No ${name}`)
  return FileBytes.with(file.path, (bytes) => bytes.read(tensor.offsetBytes, tensor.bytes))
}

/** Quantized in this thread, row by row. */
function quantizeDirectly(model: Model, tensor: Tensor, formatName: string): Uint8Array {
  const format = formatByName(formatName)
  const file = model.files[tensor.file]
  if (!format || !file) throw new Error('No such format')
  return FileBytes.with(file.path, (bytes) => {
    const reader = new RowReader(bytes, { ...tensor, littleEndian: model.littleEndian }, typescriptKernels)
    const weights = reader.read(0, reader.rows)
    const out = new Uint8Array((weights.length / format.blockSize) * format.blockBytes)
    typescriptKernels.quantizeRows(format, 'reference', weights, reader.rowLength, null, out)
    return out
  })
}

it('writes every tensor as direct quantization gives it, or copied, at the size that was told', async () => {
  const run = await openSmall()
  const path = join(testFolder(), 'out.gguf')
  const choices: PlanChoices = {
    ...choose(run.services, run.model, 'Q4_K'),
    'blk.0.attn_q.weight': { format: 'Q8_0', method: 'reference' },
    'blk.1.attn_q.weight': { format: 'F32', method: 'reference' },
  }
  const plan = await callOk(run.services, 'plans.evaluate', { model: run.model, choices })
  const preview = await callOk(run.services, 'export.preview', { model: run.model, choices, path })
  const job = await exportModel(run, path, { choices })
  expect(job).toMatchObject({ state: 'done', tensorsDone: 7, tensorsTotal: 7, error: null })

  const size = statSync(path).size
  expect([plan.fileBytes, preview.fileBytes, job.export?.fileBytes]).toEqual([size, size, size])
  expect(job.export?.sha256).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'))

  const [source, written] = [openModel(run.path), openModel(path)]
  expect(written.tensors.map(({ name }) => name)).toEqual(source.tensors.map(({ name }) => name))
  for (const tensor of source.tensors) {
    const format = choices[tensor.name]?.format ?? tensor.type
    const expected =
      format === tensor.type ? storedBytes(source, tensor.name) : quantizeDirectly(source, tensor, format)
    expect(written.tensors.find(({ name }) => name === tensor.name)?.type).toBe(format)
    expect(Buffer.compare(storedBytes(written, tensor.name), expected)).toBe(0)
  }
  expect(readdirSync(join(path, '..'))).toEqual(['out.gguf'])
})

it('keeps metadata and its order apart from what must change', async () => {
  const run = await openSmall()
  const path = join(testFolder(), 'out.gguf')
  await exportModel(run, path)
  const [source, written] = [openModel(run.path), openModel(path)]
  expect([...written.metadata.keys()]).toEqual([...source.metadata.keys(), 'general.quantization_version'])
  expect(written.metadata.get('general.file_type')?.value).toBe(15)
  expect(written.metadata.get('general.quantization_version')?.value).toBe(2)
  const bytesOf = (model: Model, key: string): Uint8Array => {
    const entry = model.metadata.get(key)
    return FileBytes.with(model.files[0]!.path, (file) =>
      file.read(entry?.offsetBytes ?? 0, entry?.bytes ?? 0),
    )
  }
  for (const key of [...source.metadata.keys()].filter((name) => name !== 'general.file_type')) {
    expect(Buffer.compare(bytesOf(written, key), bytesOf(source, key))).toBe(0)
  }
})

it('copies a model whose types do not change, header and all', async () => {
  const run = await openSmall()
  const path = join(testFolder(), 'out.gguf')
  await exportModel(run, path, { choices: {} })
  expect(Buffer.compare(readFileSync(path), readFileSync(run.path))).toBe(0)
})

it('quantizes with the importance given and names its file without folders', async () => {
  const services = testServices()
  const run = { services, model: (await services.library.open(SAMPLE_GGUF)).id }
  const choices = { 'blk.0.attn_q.weight': { format: 'Q4_K', method: 'reference' as const } }
  const folder = testFolder()
  const imatrix = `${SAMPLE_FOLDER}/imatrix.gguf`
  const preview = await callOk(services, 'export.preview', {
    model: run.model,
    choices,
    path: `${folder}/b`,
    imatrix,
  })
  await exportModel(run, join(folder, 'plain.gguf'), { choices })
  await exportModel(run, join(folder, 'weighted.gguf'), { choices, imatrix })
  const [plain, weighted] = [openModel(join(folder, 'plain.gguf')), openModel(join(folder, 'weighted.gguf'))]
  expect(weighted.bytes).toBe(preview.fileBytes)
  const name = 'blk.0.attn_q.weight'
  expect(Buffer.compare(storedBytes(plain, name), storedBytes(weighted, name))).not.toBe(0)
  expect(weighted.metadata.get('quantize.imatrix.file')?.value).toBe('imatrix.gguf')
  expect(plain.metadata.has('quantize.imatrix.file')).toBe(false)
})

it('makes one file of a split model', async () => {
  const folder = testFolder()
  const shard = (index: number, name: string, entries: readonly (readonly [string, 'string', string])[]) =>
    buildGguf({
      metadata: [
        ...entries,
        ['split.no', 'u16', index],
        ['split.count', 'u16', 2],
        ['split.tensors.count', 'i32', 2],
      ],
      tensors: [floatTensor(name, [256, 16], 40 + index)],
    })
  const general = [['general.architecture', 'string', 'llama']] as const
  writeFileSync(join(folder, 'm-00001-of-00002.gguf'), shard(0, 'blk.0.attn_q.weight', general))
  writeFileSync(join(folder, 'm-00002-of-00002.gguf'), shard(1, 'blk.1.attn_q.weight', []))
  const services = testServices()
  const run = { services, model: (await services.library.open(join(folder, 'm-00002-of-00002.gguf'))).id }
  const path = join(testFolder(), 'one.gguf')
  expect((await exportModel(run, path)).state).toBe('done')
  const written = openModel(path)
  expect(written.files).toHaveLength(1)
  expect(written.tensors.map(({ name, type }) => [name, type])).toEqual([
    ['blk.0.attn_q.weight', 'Q4_K'],
    ['blk.1.attn_q.weight', 'Q4_K'],
  ])
  expect([...written.metadata.keys()].filter((key) => key.startsWith('split.'))).toEqual([])
})

it('refuses to quantize a second time unless that is allowed, and copies what stays', async () => {
  const first = await openSmall()
  const folder = testFolder()
  await exportModel(first, join(folder, 'q8.gguf'), { choices: choose(first.services, first.model, 'Q8_0') })
  const run = {
    services: first.services,
    model: (await first.services.library.open(join(folder, 'q8.gguf'))).id,
  }
  const path = join(folder, 'q4.gguf')
  await expect(exportModel(run, path)).rejects.toMatchObject({ code: 'REQUANTIZE' })
  const preview = await callOk(run.services, 'export.preview', {
    model: run.model,
    choices: choose(run.services, run.model, 'Q4_K'),
    path,
  })
  expect(preview.requantized).toHaveLength(5)
  expect(
    (await exportModel(run, join(folder, 'same.gguf'), { choices: choose(run.services, run.model, 'Q8_0') }))
      .state,
  ).toBe('done')
  expect((await exportModel(run, path, { allowRequantize: true })).state).toBe('done')
})

it('refuses a safetensors model and says what works instead', async () => {
  const services = testServices()
  const { id: model } = await services.library.open(SAMPLE_FOLDER)
  const path = join(testFolder(), 'out.gguf')
  const outcome = await services.call('export.start', request({ services, model }, path, { choices: {} }))
  expect(outcome).toMatchObject({ ok: false, error: { code: 'CONVERSION_NEEDED' } })
  expect(JSON.stringify(outcome)).toContain('convert_hf_to_gguf')
})

it('refuses to change a tensor that llama.cpp keeps', async () => {
  const run = await openSmall()
  const choices = { 'blk.0.attn_norm.weight': { format: 'Q8_0', method: 'reference' as const } }
  await expect(exportModel(run, join(testFolder(), 'a.gguf'), { choices })).rejects.toMatchObject({
    code: 'NOT_QUANTIZABLE',
  })
})

it('fails on NaN in the source, names the tensor and leaves nothing', async () => {
  const run = await openSmall({ weights: [1, NaN] })
  const folder = testFolder()
  const job = await exportModel(run, join(folder, 'out.gguf'))
  expect(job).toMatchObject({
    state: 'failed',
    error: { code: 'NON_FINITE_WEIGHT', place: 'blk.0.attn_q.weight' },
  })
  expect(readdirSync(folder)).toEqual([])
})

it('keeps an existing file unless overwriting is allowed', async () => {
  const run = await openSmall()
  const path = join(testFolder(), 'out.gguf')
  writeFileSync(path, 'old')
  await expect(exportModel(run, path)).rejects.toMatchObject({ code: 'TARGET_EXISTS' })
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect((await exportModel(run, path, { overwrite: true })).state).toBe('done')
  expect(openModel(path).tensors).toHaveLength(7)
})

it('keeps a file that appears while the export runs', async () => {
  const run = await openSmall({ rows: 800, layers: 3 })
  const path = join(testFolder(), 'out.gguf')
  const { id } = await run.services.exports.start(request(run, path))
  await nextJob(run.services, ({ bytesDone }) => bytesDone > 0)
  writeFileSync(path, 'somebody else')
  expect(await run.services.jobs.finished(id)).toMatchObject({
    state: 'failed',
    error: { code: 'TARGET_EXISTS' },
  })
  expect(readdirSync(join(path, '..'))).toEqual(['out.gguf'])
  expect(readFileSync(path, 'utf8')).toBe('somebody else')
})

it.each(['the same path', 'a hard link', 'a symbolic link'])(
  'never overwrites the open model through %s',
  async (way) => {
    const run = await openSmall()
    const path = way === 'the same path' ? run.path : join(run.path, '..', 'other.gguf')
    if (way === 'a hard link') linkSync(run.path, path)
    if (way === 'a symbolic link') symlinkSync(run.path, path)
    const before = readFileSync(run.path)
    await expect(exportModel(run, path, { overwrite: true })).rejects.toMatchObject({
      code: 'TARGET_IS_SOURCE',
    })
    expect(Buffer.compare(readFileSync(run.path), before)).toBe(0)
  },
)

it('refuses a folder as target and a folder that is not there', async () => {
  const run = await openSmall()
  const folder = testFolder()
  mkdirSync(join(folder, 'out.gguf'))
  await expect(exportModel(run, join(folder, 'out.gguf'), { overwrite: true })).rejects.toMatchObject({
    code: 'TARGET_IS_FOLDER',
  })
  expect(await codeOf(run.services, 'export.start', request(run, join(folder, 'no', 'out.gguf')))).toBe(
    'FOLDER_NOT_FOUND',
  )
})

it.each([
  ['shrinks', (path: string) => truncateSync(path, statSync(path).size - 1000)],
  ['is modified', touch],
])('fails and leaves nothing when the source %s after it was opened', async (_what, change) => {
  const run = await openSmall()
  const folder = testFolder()
  change(run.path)
  await expect(exportModel(run, join(folder, 'out.gguf'))).rejects.toMatchObject({
    code: 'FILE_CHANGED',
    details: { place: run.path },
  })
  expect(readdirSync(folder)).toEqual([])
})

it('fails and leaves nothing when the source shrinks during the export', async () => {
  const run = await openSmall({ rows: 800, layers: 4 })
  const folder = testFolder()
  const { id } = await run.services.exports.start(request(run, join(folder, 'out.gguf')))
  await nextJob(run.services, ({ bytesDone }) => bytesDone > 0)
  truncateSync(run.path, 100_000)
  const job = await run.services.jobs.finished(id)
  expect(job).toMatchObject({ state: 'failed', error: { place: run.path } })
  expect(['FILE_CHANGED', 'FILE_TRUNCATED']).toContain(job.error?.code)
  expect(readdirSync(folder)).toEqual([])
})

it('refuses a disk that is too small before it writes', async ({ skip }) => {
  const folder = smallDisk('size=64k')
  if (!folder) return skip('needs the right to mount a small disk')
  const run = await openSmall({ rows: 400 })
  await expect(exportModel(run, join(folder, 'out.gguf'))).rejects.toMatchObject({ code: 'DISK_FULL' })
  expect(readdirSync(folder)).toEqual([])
})

it('cleans up when the disk fills while it writes', async ({ skip }) => {
  const folder = smallDisk('size=1m')
  if (!folder) return skip('needs the right to mount a small disk')
  const run = await openSmall({ rows: 800, layers: 3 })
  const choices = choose(run.services, run.model, 'Q4_K')
  const path = join(folder, 'out.gguf')
  const { fileBytes } = await callOk(run.services, 'export.preview', { model: run.model, choices, path })
  expect(fileBytes).toBeGreaterThan(600_000)
  const { id } = await run.services.exports.start(request(run, path))
  // The room is there when the export begins and is taken by another program.
  writeFileSync(join(folder, 'other'), new Uint8Array(900_000))
  expect(await run.services.jobs.finished(id)).toMatchObject({
    state: 'failed',
    error: { code: 'DISK_FULL' },
  })
  expect(readdirSync(folder)).toEqual(['other'])
})

it('says so when the folder is read-only', async ({ skip }) => {
  const folder = smallDisk('size=4m,ro')
  if (!folder) return skip('needs the right to mount a small disk')
  const run = await openSmall()
  expect(await exportModel(run, join(folder, 'out.gguf'))).toMatchObject({
    state: 'failed',
    error: { code: 'FILE_NOT_WRITABLE' },
  })
})

it('writes the same bytes from a big-endian source', async () => {
  const services = testServices()
  const [little, big] = [true, false].map((littleEndian) => {
    const data = new Uint8Array(Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)).buffer)
    if (!littleEndian) Buffer.from(data.buffer).swap32()
    const metadata = [['general.architecture', 'string', 'llama']] as const
    const names = ['blk.0.attn_q.weight', 'blk.0.attn_k.weight']
    const tensors = names.map((name) => ({ name, shape: [256, 16], data }))
    const path = join(testFolder(), 'm.gguf')
    writeFileSync(path, buildGguf({ littleEndian, metadata, tensors }))
    return path
  }) as [string, string]
  const folder = testFolder()
  for (const [path, name] of [
    [little, 'little'],
    [big, 'big'],
  ] as const) {
    const run = { services, model: (await services.library.open(path)).id }
    const choices = { 'blk.0.attn_q.weight': { format: 'Q4_K', method: 'reference' as const } }
    expect(await exportModel(run, join(folder, name), { choices })).toMatchObject({
      error: null,
      state: 'done',
    })
  }
  expect(Buffer.compare(readFileSync(join(folder, 'big')), readFileSync(join(folder, 'little')))).toBe(0)
})
