/** `npm run demo`: the main job without a window, on the sample model, checked by llama.cpp. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeError, fromErrorData, toErrorData } from '../engine/errors.ts'
import { generate } from '../llama/index.ts'
import { createServices, type Services } from '../services/index.ts'
import type { AllocationRequest, Job, Plan, Verification } from '../../preload/contract.ts'
import { DEMO_TEXT } from './demo-text.ts'
import { formatBpw, formatBytes, formatFigure } from './numbers.ts'
import { choicesOf } from './plan-choices.ts'
import { renderTable, type Column } from './table.ts'

const SAMPLE_FOLDER = new URL('../../test/models/novelist-7m/', import.meta.url)
const SAMPLE = new URL('novelist-7m-f16.gguf', SAMPLE_FOLDER).pathname
const IMATRIX = new URL('imatrix.gguf', SAMPLE_FOLDER).pathname
const LLAMA = new URL('../llama/llama-process.ts', import.meta.url)
const PRESETS = ['Q8_0', 'Q4_K_M', 'Q4_0']
const BUDGET_OF = 'Q4_K_M'
const CONTEXT = 128
const PROMPT = 'The old lady looked at him'

interface Row {
  readonly name: string
  readonly plan: Plan
  readonly verification: Verification
  readonly continuation: string
}

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const folder = mkdtempSync(join(tmpdir(), 'quantaloupe-demo-'))
const textPath = join(folder, 'text.txt')

async function demo(services: Services): Promise<void> {
  const { id, model, summary } = await services.library.open(SAMPLE)
  say(`inspect  ${summary.name}: ${summary.tensorCount} tensors, ${formatBytes(model.bytes)}`)
  const allocation = allocationOf(id)
  await measure(services, allocation)
  const rows: Row[] = []
  for (const preset of PRESETS) {
    rows.push(await check(services, preset, await presetPlan(services, allocation, preset)))
  }
  const { fileBytes } = await presetPlan(services, allocation, BUDGET_OF)
  const best = await services.allocation.solve({ allocation, budget: { kind: 'file', bytes: fileBytes } })
  rows.push(await check(services, `own mix, size of ${BUDGET_OF}`, best))
  process.stdout.write(`${renderTable(COLUMNS, rows)}\n`)
  const [first] = rows
  say(
    `The source has a perplexity of ${first?.verification.perplexity.reference.toFixed(2)} on the same text.`,
  )
  say('Damage is predicted by role priors, which compare mixes; KL divergence is measured, in nats.')
}

/** What the search may choose from: the usual formats, with the sample's importance. */
function allocationOf(model: string): AllocationRequest {
  return {
    model,
    target: 'llama.cpp',
    methods: ['reference'],
    imatrix: IMATRIX,
    damage: { model: 'priors' },
    pins: {},
    excluded: [],
    groups: [],
    minimums: {},
  }
}

/** Everything that the plans are judged by. */
async function measure(services: Services, allocation: AllocationRequest): Promise<void> {
  const { formats } = await services.allocation.frontier(allocation)
  const request = { model: allocation.model, formats: [...formats, 'Q4_0', 'Q4_1'], imatrix: IMATRIX }
  const job = await services.analysis.start({ ...request, method: 'reference' })
  await finish(services, job)
  say(`analyze  ${services.analysis.results(job.id).length} measurements of ${request.formats.join(', ')}`)
}

function presetPlan(services: Services, { model, damage }: AllocationRequest, preset: string): Promise<Plan> {
  return services.plans.preset({ model, preset, method: 'reference', imatrix: IMATRIX, damage })
}

/** Exports a plan and has llama.cpp compare it with the source. */
async function check(services: Services, name: string, plan: Plan): Promise<Row> {
  const [model] = services.library.list()
  if (model === undefined) throw new Error('The sample model is not open')
  const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.gguf`)
  const request = { model: model.id, choices: choicesOf(plan), path, imatrix: IMATRIX }
  const exported = await services.exports.start({ ...request, overwrite: false, allowRequantize: false })
  const written = (await finish(services, exported)).export?.fileBytes
  say(`export   ${name}: ${plan.fileBytes} bytes planned, ${written} written`)
  const verification = await services.verification.start({
    model: model.id,
    candidate: { kind: 'file', path },
    label: name,
    text: textPath,
    context: CONTEXT,
  })
  await finish(services, verification)
  const measured = services.verification.result(verification.id)
  if (measured === null) throw new Error('A verification that is done has no result')
  const task = { modelPath: path, threads: availableParallelism(), prompt: PROMPT, tokens: 12 }
  const { text } = await generate(task, { processUrl: LLAMA })
  return { name, plan, verification: measured, continuation: text }
}

async function finish(services: Services, { id }: Job): Promise<Job> {
  const job = await services.jobs.finished(id)
  if (job.error !== null) throw fromErrorData(job.error)
  return job
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'model', value: ({ name }) => name },
  { title: 'size', align: 'right', value: ({ plan }) => formatBytes(plan.fileBytes) },
  { title: 'bpw', align: 'right', value: ({ plan }) => formatBpw(plan.bpw) },
  { title: 'predicted', align: 'right', value: ({ plan }) => formatFigure(plan.predictedDamage) },
  {
    title: 'KL divergence',
    align: 'right',
    value: ({ verification: { kld } }) => `${formatFigure(kld.mean)} ± ${formatFigure(kld.standardError)}`,
  },
  {
    title: 'perplexity',
    align: 'right',
    value: ({ verification }) => verification.perplexity.candidate.toFixed(2),
  },
  { title: `"${PROMPT} …"`, value: ({ continuation }) => continuation.trim() },
]

const services = createServices({
  workerUrl: new URL('../workers/engine-worker.ts', import.meta.url),
  llamaUrl: LLAMA,
  dataFolder: join(folder, 'data'),
  threads: availableParallelism(),
  useNative: true,
  host: 'cli',
  roots: null,
  version: 'demo',
  initialModel: null,
})
try {
  writeFileSync(textPath, DEMO_TEXT)
  await demo(services)
} catch (thrown) {
  say(describeError(toErrorData(thrown)))
  process.exitCode = 1
} finally {
  await services.close()
  rmSync(folder, { recursive: true, force: true })
}
