import { QuantaloupeError } from '../../engine/errors.ts'
import type { Services } from '../../services/index.ts'
import type { ExportRequest, Job, Method, Plan } from '../../../preload/contract.ts'
import type { Context } from '../context.ts'
import { describeFormats } from '../describe-plan.ts'
import { follow, remarkFindings } from '../job.ts'
import { parseSetting } from '../metadata-settings.ts'
import { formatBytes } from '../numbers.ts'
import { choicesOf } from '../plan-choices.ts'
import { withServices } from '../start-services.ts'

export interface ExportOptions {
  readonly plan?: string
  readonly preset?: string
  readonly pure?: true
  readonly output: string
  readonly method: Method
  readonly imatrix?: string
  readonly kv?: readonly string[]
  readonly overwrite?: true
  readonly allowRequantize?: true
  readonly dryRun?: true
}

/** `export MODEL`: writes the GGUF of a plan. */
export async function exportModel(
  context: Context,
  [path = '']: readonly string[],
  options: ExportOptions,
): Promise<void> {
  const metadata = options.kv?.map(parseSetting)
  await withServices(context, async (services) => {
    if (!options.dryRun) await services.startThreads()
    const { id } = await services.library.open(context.resolve(path))
    const plan = await choosePlan(context, services, id, options)
    const request: ExportRequest = {
      model: id,
      choices: choicesOf(plan),
      path: context.resolve(options.output),
      overwrite: options.overwrite ?? false,
      allowRequantize: options.allowRequantize ?? false,
      ...(options.imatrix !== undefined && { imatrix: context.resolve(options.imatrix) }),
      ...(metadata && { metadata }),
    }
    if (options.dryRun) preview(context, services, request, plan)
    else await run(context, services, request, plan)
  })
}

/** @throws QuantaloupeError `BAD_ARGUMENT`, and as loading the plan or making the preset */
async function choosePlan(
  context: Context,
  services: Services,
  model: string,
  { plan, preset, pure, method, imatrix: path }: ExportOptions,
): Promise<Plan> {
  const imatrix = path === undefined ? {} : { imatrix: context.resolve(path) }
  if (plan !== undefined && pure) {
    throw new QuantaloupeError('BAD_ARGUMENT', '--pure means nothing with --plan', {
      expected: '--pure together with --preset',
      remedy: 'Leave it out.',
    })
  }
  if (plan !== undefined) {
    const loaded = await services.plans.load({ model, path: context.resolve(plan), ...imatrix })
    remarkFindings(context, loaded.findings)
    return loaded.plan
  }
  if (preset !== undefined) {
    return services.plans.preset({ model, preset, method, ...(pure && { pure }), ...imatrix })
  }
  throw new QuantaloupeError('BAD_ARGUMENT', 'Nothing says which formats to write', {
    expected: '--plan FILE or --preset NAME',
  })
}

function preview(context: Context, services: Services, request: ExportRequest, plan: Plan): void {
  const { path } = request
  const { fileBytes, freeBytes, exists, requantized, findings } = services.exports.preview(request)
  remarkFindings(context, findings)
  const document = {
    schema: 1,
    path,
    dryRun: true,
    fileBytes,
    freeBytes,
    exists,
    requantized,
    findings,
    tensors: tensorsOf(plan),
  }
  context.print(
    document,
    () => `${describeFormats({ ...plan, fileBytes })}\nnothing written; the file would be ${path}`,
  )
}

async function run(context: Context, services: Services, request: ExportRequest, plan: Plan): Promise<void> {
  const job: Job = await follow(context, services, await services.exports.start(request))
  if (job.export === null) throw new Error('An export that is done has no result')
  const { path, fileBytes, sha256, seconds } = job.export
  const { findings } = job
  const document = { schema: 1, path, fileBytes, sha256, seconds, findings, tensors: tensorsOf(plan) }
  context.print(document, () => {
    const written = `${path}\n${fileBytes} bytes (${formatBytes(fileBytes)}) in ${seconds.toFixed(1)} s`
    return `${describeFormats({ ...plan, fileBytes })}\n\n${written}\nsha256 ${sha256}`
  })
}

function tensorsOf(plan: Plan) {
  return plan.tensors.map(({ name, format, requested, method, bytes }) => ({
    name,
    format,
    requested,
    method,
    bytes,
  }))
}
