import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FileBytes } from '../../../main/engine/formats/file-bytes.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { typescriptKernels } from '../../../main/engine/kernels/kernels.ts'
import { formatByName } from '../../../main/engine/quantizers/registry.ts'
import type { Services } from '../../../main/services/index.ts'
import type { Job, PlanChoices } from '../../../preload/contract.ts'
import {
  EXPERT_COLUMNS,
  EXPERT_ROWS,
  EXPERT_STACK,
  EXPERTS,
  writeExpertModel,
  writeImatrix,
  type ImatrixEntries,
} from '../../support/expert-model.ts'
import { randomImportance } from '../../support/random-rows.ts'
import { callOk, testFolder, testServices } from '../../support/services.ts'
import { errorOf, rejectionOf } from '../../support/thrown.ts'

const LENGTH = EXPERT_COLUMNS * EXPERTS
const SUMS = randomImportance('lognormal', LENGTH, 7)
const COVERED: ImatrixEntries = {
  [EXPERT_STACK]: { sums: SUMS, counts: [2, 1, 4] },
  'blk.0.attn_q.weight': { sums: randomImportance('lognormal', EXPERT_COLUMNS, 8), counts: [5] },
}

interface Opened {
  readonly services: Services
  readonly model: string
  readonly path: string
  readonly folder: string
}

async function openExperts(): Promise<Opened> {
  const [services, folder] = [testServices(), testFolder()]
  const path = writeExpertModel(folder)
  return { services, folder, path, model: (await services.library.open(path)).id }
}

const inFormat = (format: string, ...names: readonly string[]): PlanChoices =>
  Object.fromEntries(names.map((name) => [name, { format, method: 'reference' as const }]))

function start({ services, model, folder }: Opened, choices: PlanChoices, imatrix?: string) {
  const request = { model, choices, path: join(folder, 'out.gguf'), overwrite: false, allowRequantize: false }
  return services.exports.start({ ...request, ...(imatrix !== undefined && { imatrix }) })
}

async function exported(opened: Opened, choices: PlanChoices, imatrix?: string): Promise<Job> {
  const { id } = await start(opened, choices, imatrix)
  return opened.services.jobs.finished(id)
}

function startAnalysis({ services, model }: Opened, formats: readonly string[], imatrix?: string) {
  return services.analysis.start({
    model,
    formats,
    method: 'reference',
    ...(imatrix !== undefined && { imatrix }),
  })
}

async function analyzed(opened: Opened, formats: readonly string[], imatrix?: string) {
  const { id } = await startAnalysis(opened, formats, imatrix)
  const job = await opened.services.jobs.finished(id)
  return { job, results: opened.services.analysis.results(id) }
}

function bytesOf(path: string, name: string): Uint8Array {
  const { tensors, files } = openModel(path)
  const tensor = tensors.find((candidate) => candidate.name === name)!
  return FileBytes.with(files[0]!.path, (file) => file.read(tensor.offsetBytes, tensor.bytes))
}

/** The stack in one format, each expert quantized here with its own vector. */
function quantizeExperts(path: string, formatName: string, vectors: readonly Float32Array[]): Uint8Array {
  const format = formatByName(formatName)!
  const weights = new Float32Array(bytesOf(path, EXPERT_STACK).slice().buffer)
  const size = EXPERT_COLUMNS * EXPERT_ROWS
  const slices = vectors.map((vector, expert) => {
    const out = new Uint8Array((size / format.blockSize) * format.blockBytes)
    const slice = weights.subarray(expert * size, (expert + 1) * size)
    typescriptKernels.quantizeRows(format, 'reference', slice, EXPERT_COLUMNS, vector, out)
    return out
  })
  return Uint8Array.from(Buffer.concat(slices))
}

describe.each(['gguf', 'legacy'] as const)('an imatrix in %s form', (kind) => {
  /** The legacy form has one count for all experts. */
  const counts = kind === 'gguf' ? [2, 1, 4] : [2, 2, 2]
  const vectors = counts.map((count, expert) =>
    SUMS.slice(expert * EXPERT_COLUMNS, (expert + 1) * EXPERT_COLUMNS).map((sum) => sum / count),
  )

  it('gives each expert of a stack its own vector', async () => {
    const opened = await openExperts()
    const entries = { ...COVERED, [EXPERT_STACK]: { sums: SUMS, counts } }
    const imatrix = writeImatrix(opened.folder, kind, entries)
    const job = await exported(opened, inFormat('Q4_K', EXPERT_STACK), imatrix)
    const expected = quantizeExperts(opened.path, 'Q4_K', vectors)
    const same = quantizeExperts(opened.path, 'Q4_K', [vectors[0]!, vectors[0]!, vectors[0]!])
    expect(Buffer.compare(bytesOf(job.export!.path, EXPERT_STACK), expected)).toBe(0)
    expect(Buffer.compare(expected, same)).not.toBe(0)
  })

  it('weighs the error of each expert with its own vector', async () => {
    const opened = await openExperts()
    const imatrix = writeImatrix(opened.folder, kind, COVERED)
    const { results } = await analyzed(opened, ['Q4_0'], imatrix)
    const weighted = results.filter(({ weightedRelativeError }) => weightedRelativeError !== null)
    expect(weighted.map(({ tensor }) => tensor).sort()).toEqual(['blk.0.attn_q.weight', EXPERT_STACK])
  })
})

describe('the coverage', () => {
  it('names tensors without an entry, unreached experts and entries of no tensor, in jobs and previews', async () => {
    const opened = await openExperts()
    const imatrix = writeImatrix(opened.folder, 'gguf', {
      [EXPERT_STACK]: { sums: SUMS, counts: [2, 0, 4] },
      'blk.9.attn_q.weight': { sums: Float32Array.of(1), counts: [1] },
    })
    const { job } = await analyzed(opened, ['Q8_0'], imatrix)
    expect(job.findings.map(({ code, message }) => [code, message])).toEqual([
      [
        'IMPORTANCE_MISSING',
        'The importance matrix has no entry for 4 of 5 tensors: token_embd.weight, blk.0.attn_q.weight, blk.0.attn_output.weight and 1 more',
      ],
      [
        'IMPORTANCE_UNREACHED_EXPERTS',
        `The texts of the importance matrix never reached some experts: ${EXPERT_STACK} (1)`,
      ],
      ['IMPORTANCE_UNUSED', '1 entries of the importance matrix belong to no tensor: blk.9.attn_q.weight'],
    ])
    const choices = inFormat('Q8_0', EXPERT_STACK)
    const path = join(opened.folder, 'out.gguf')
    const preview = await callOk(opened.services, 'export.preview', {
      model: opened.model,
      choices,
      path,
      imatrix,
    })
    expect(preview.findings).toEqual(job.findings)
    expect((await exported(opened, choices, imatrix)).findings).toEqual(job.findings)
  })
})

describe('a format that needs importance', () => {
  const needed = (tensor: string) => ({
    code: 'IMPORTANCE_NEEDED',
    message: `IQ1_S needs importance, and ${tensor} has none`,
    place: tensor,
    remedy: 'Give such an imatrix, or choose another format for this tensor, such as Q2_K.',
  })

  it('is refused by plan, preview and export before anything is written', async () => {
    const opened = await openExperts()
    const { services, model, folder } = opened
    const choices = inFormat('IQ1_S', EXPERT_STACK)
    const path = join(folder, 'out.gguf')
    const request = { model, choices, path }
    expect(await rejectionOf(services.plans.evaluate({ model, choices }))).toMatchObject(needed(EXPERT_STACK))
    expect(errorOf(() => services.exports.preview(request))).toMatchObject(needed(EXPERT_STACK))
    expect(await rejectionOf(start(opened, choices))).toMatchObject(needed(EXPERT_STACK))
    expect(existsSync(path)).toBe(false)
  })

  it('is refused where the imatrix has no entry for the tensor', async () => {
    const opened = await openExperts()
    const imatrix = writeImatrix(opened.folder, 'gguf', COVERED)
    const run = start(opened, inFormat('IQ1_S', 'token_embd.weight'), imatrix)
    expect(await rejectionOf(run)).toMatchObject(needed('token_embd.weight'))
  })

  it('is not measured without an imatrix', async () => {
    const opened = await openExperts()
    expect(await rejectionOf(startAnalysis(opened, ['IQ1_S', 'Q8_0']))).toMatchObject(
      needed('token_embd.weight'),
    )
  })

  it('is measured where there is importance, and the other tensors are told', async () => {
    const opened = await openExperts()
    const imatrix = writeImatrix(opened.folder, 'gguf', COVERED)
    const { job, results } = await analyzed(opened, ['IQ1_S', 'Q8_0'], imatrix)
    const covered = results.filter(({ format }) => format === 'IQ1_S').map(({ tensor }) => tensor)
    // Rows of 96 weights are stored as IQ4_NL, which needs none.
    expect(covered.sort()).toEqual(['blk.0.attn_output.weight', 'blk.0.attn_q.weight', EXPERT_STACK])
    expect(results.filter(({ format }) => format === 'Q8_0')).toHaveLength(5)
    const { message } = job.findings.find(({ code }) => code === 'IMPORTANCE_NEEDED')!
    expect(message).toBe(
      'Not measured in IQ1_S, which needs importance: token_embd.weight, blk.0.ffn_up_exps.weight',
    )
  })
})

describe('importance of a wrong length', () => {
  it('is an error that names both lengths', async () => {
    const opened = await openExperts()
    const { services, model, folder } = opened
    const entry = { sums: SUMS.subarray(0, 2 * EXPERT_COLUMNS), counts: [1, 1] }
    const imatrix = writeImatrix(folder, 'gguf', { [EXPERT_STACK]: entry })
    const choices = inFormat('Q4_K', EXPERT_STACK)
    const error = {
      code: 'IMPORTANCE_LENGTH',
      message: `The importance of ${EXPERT_STACK} has 512 values where the tensor needs 768`,
      place: EXPERT_STACK,
    }
    expect(await rejectionOf(startAnalysis(opened, ['Q4_K'], imatrix))).toMatchObject(error)
    expect(await rejectionOf(services.plans.evaluate({ model, choices, imatrix }))).toMatchObject(error)
    expect(await rejectionOf(start(opened, choices, imatrix))).toMatchObject(error)
    const other = inFormat('Q4_K', 'token_embd.weight')
    expect((await exported(opened, other, imatrix)).state).toBe('done')
  })
})

describe('importance that is no number', () => {
  it('is a finding for analysis, which goes on without it, and stops an export', async () => {
    const opened = await openExperts()
    const sums = SUMS.slice()
    sums[EXPERT_COLUMNS + 3] = NaN
    const imatrix = writeImatrix(opened.folder, 'gguf', { [EXPERT_STACK]: { sums, counts: [1, 1, 1] } })
    const { job, results } = await analyzed(opened, ['Q8_0'], imatrix)
    const message = `Row 1, column 3 of the importance of ${EXPERT_STACK} is NaN`
    expect(job).toMatchObject({ state: 'done' })
    expect(job.findings[0]).toEqual({
      code: 'NON_FINITE_IMPORTANCE',
      message: `${message}; it is not used`,
      tensor: EXPERT_STACK,
    })
    expect(results).toHaveLength(5)
    const run = start(opened, inFormat('Q4_K', EXPERT_STACK), imatrix)
    expect(await rejectionOf(run)).toMatchObject({ code: 'NON_FINITE_IMPORTANCE', message })
  })
})

describe('rows that no block divides', () => {
  it('get the replacement, told with both formats by plan, analysis and export', async () => {
    const opened = await openExperts()
    const { services, model } = opened
    const name = 'blk.0.attn_output.weight'
    const choices = inFormat('Q4_K', name)
    const plan = await services.plans.evaluate({ model, choices })
    expect(plan.tensors.find((tensor) => tensor.name === name)).toMatchObject({
      requested: 'Q4_K',
      format: 'Q5_0',
    })
    const finding = {
      code: 'SHAPE_FALLBACK',
      message: `Q5_0 instead of Q4_K for 1 tensor with rows that are no multiples of 256 weights: ${name}`,
    }
    const { job, results } = await analyzed(opened, ['Q4_K'])
    expect(results.find(({ tensor }) => tensor === name)).toMatchObject({
      format: 'Q4_K',
      effectiveFormat: 'Q5_0',
    })
    expect(job.findings).toEqual([finding])
    expect((await exported(opened, choices)).findings).toEqual([finding])
  })
})
