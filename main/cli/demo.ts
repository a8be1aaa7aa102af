/** `npm run demo`: the main job without a window, on the sample model, checked by llama.cpp. */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeError, fromErrorData, toErrorData } from '../engine/errors.ts'
import { generate, perplexity } from '../llama/index.ts'
import { createServices, type Services } from '../services/index.ts'
import type { PlanChoices } from '../../preload/contract.ts'
import { DEMO_TEXT } from './demo-text.ts'
import { formatBpw, formatBytes, formatFigure } from './numbers.ts'
import { pin } from './plan-choices.ts'
import { renderTable, type Column } from './table.ts'

const SAMPLE = new URL('../../test/models/novelist-7m/novelist-7m-f16.gguf', import.meta.url).pathname
const LLAMA = { processUrl: new URL('../llama/llama-process.ts', import.meta.url) }
const FORMATS = ['Q8_0', 'Q6_K', 'Q4_K', 'Q4_0']
const CONTEXT = 128
const PROMPT = 'The old lady looked at him'

interface Candidate {
  readonly name: string
  readonly path: string
  readonly fileBytes: number
  readonly bpw: number
  readonly relativeError: number | null
}

interface Row extends Candidate {
  readonly perplexity: number
  readonly standardError: number
  readonly continuation: string
}

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const folder = mkdtempSync(join(tmpdir(), 'quantaloupe-demo-'))
async function demo(services: Services): Promise<void> {
  const { id, model, summary } = await services.library.open(SAMPLE)
  say(`inspect  ${summary.name}: ${summary.tensorCount} tensors, ${formatBytes(model.bytes)}`)
  await analyze(services, id)
  const source = {
    name: 'source F16',
    path: SAMPLE,
    fileBytes: model.bytes,
    bpw: model.bpw,
    relativeError: 0,
  }
  const preset = (name: string): PlanChoices =>
    services.plans.presetChoices({ model: id, preset: name, method: 'reference' })
  const mixed = pin(preset('Q4_K'), ['output.weight=Q6_K', 'blk.*.attn_v.weight=Q6_K'], 'reference')
  const candidates = [
    source,
    await exportPlan(services, id, 'Q8_0', preset('Q8_0')),
    await exportPlan(services, id, 'Q4_K + Q6_K', mixed),
    await exportPlan(services, id, 'Q4_0', preset('Q4_0')),
  ]
  const rows: Row[] = []
  for (const candidate of candidates) rows.push(await check(candidate))
  process.stdout.write(`${renderTable(COLUMNS, rows)}\n`)
  say(
    '± is the error from the short text, the same for all rows: the differences between rows are far more certain.',
  )
}

async function analyze(services: Services, model: string): Promise<void> {
  const job = await services.analysis.start({ model, formats: FORMATS, method: 'reference' })
  await services.jobs.finished(job.id)
  const results = services.analysis.results(job.id)
  say(`analyze  ${results.length} measurements of ${FORMATS.join(', ')}`)
}

async function exportPlan(
  services: Services,
  model: string,
  name: string,
  choices: PlanChoices,
): Promise<Candidate> {
  const plan = await services.plans.evaluate({ model, choices })
  const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.gguf`)
  const job = await services.exports.start({ model, choices, path, overwrite: false, allowRequantize: false })
  const { error, export: written } = await services.jobs.finished(job.id)
  if (error !== null) throw fromErrorData(error)
  say(`export   ${name}: ${plan.fileBytes} bytes planned, ${written?.fileBytes} written`)
  const changed = plan.tensors.filter(({ method }) => method !== null)
  const damage = plan.predictedDamage
  const relativeError = damage === null ? null : Math.sqrt(damage / changed.length)
  return { name, path, fileBytes: plan.fileBytes, bpw: plan.bpw, relativeError }
}

/** Loads a model in llama.cpp. */
async function check(candidate: Candidate): Promise<Row> {
  say(`load     ${candidate.name} in llama.cpp`)
  const task = { modelPath: candidate.path, threads: availableParallelism() }
  const measured = await perplexity({ ...task, text: DEMO_TEXT, context: CONTEXT }, LLAMA)
  const { text } = await generate({ ...task, prompt: PROMPT, tokens: 12 }, LLAMA)
  return { ...candidate, ...measured, continuation: text }
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'model', value: ({ name }) => name },
  { title: 'size', align: 'right', value: ({ fileBytes }) => formatBytes(fileBytes) },
  { title: 'bpw', align: 'right', value: ({ bpw }) => formatBpw(bpw) },
  { title: 'weight error (rms)', align: 'right', value: ({ relativeError }) => formatFigure(relativeError) },
  {
    title: 'perplexity',
    align: 'right',
    value: (row) => `${row.perplexity.toFixed(2)} ± ${(row.perplexity * row.standardError).toFixed(2)}`,
  },
  { title: `"${PROMPT} …"`, value: ({ continuation }) => continuation.trim() },
]

const services = createServices({
  workerUrl: new URL('../workers/engine-worker.ts', import.meta.url),
  llamaUrl: LLAMA.processUrl,
  dataFolder: join(folder, 'data'),
  threads: availableParallelism(),
  useNative: true,
  host: 'cli',
  roots: null,
  version: 'demo',
  initialModel: null,
})
try {
  await demo(services)
} catch (thrown) {
  say(describeError(toErrorData(thrown)))
  process.exitCode = 1
} finally {
  await services.close()
  rmSync(folder, { recursive: true, force: true })
}
