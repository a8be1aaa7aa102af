import { writeAtomically } from '../../services/files/write-atomically.ts'
import type { Method, Plan, PlannedTensor } from '../../../preload/contract.ts'
import type { Context } from '../context.ts'
import { remarkFindings } from '../job.ts'
import { formatBpw, formatBytes } from '../numbers.ts'
import { pin } from '../plan-choices.ts'
import { toRecipe } from '../recipe.ts'
import { withServices } from '../start-services.ts'
import { renderTable, type Column } from '../table.ts'

export interface PlanOptions {
  readonly preset: string
  readonly method: Method
  readonly pin?: readonly string[]
  readonly imatrix?: string
  readonly output?: string
  readonly recipe?: string
}

/** `plan MODEL`: a format for every tensor, with the exact size of the file. */
export async function plan(
  context: Context,
  [path = '']: readonly string[],
  options: PlanOptions,
): Promise<void> {
  await withServices(context, async (services) => {
    const { id } = await services.library.open(context.resolve(path))
    const { preset, method } = options
    const base = services.plans.presetChoices({ model: id, preset, method })
    const choices = pin(base, options.pin ?? [], method)
    const imatrix = options.imatrix === undefined ? {} : { imatrix: context.resolve(options.imatrix) }
    const request = { model: id, choices, ...imatrix }
    const result = await services.plans.evaluate(request)
    remarkFindings(context, services.plans.findings(request))
    if (options.output !== undefined) services.plans.save(result, context.resolve(options.output))
    if (options.recipe !== undefined) writeAtomically(context.resolve(options.recipe), toRecipe(result))
    context.print(result, () => describePlan(result))
  })
}

interface Share {
  readonly format: string
  /** What was asked for, where it is something else. */
  readonly requested: string
  readonly tensors: number
  readonly bytes: number
}

const FORMAT: Column<Share> = { title: 'format', value: ({ format }) => format }
const REQUESTED: Column<Share> = { title: 'instead of', value: ({ requested }) => requested }
const COLUMNS: readonly Column<Share>[] = [
  { title: 'tensors', align: 'right', value: ({ tensors }) => String(tensors) },
  { title: 'size', align: 'right', value: ({ bytes }) => formatBytes(bytes) },
]

/** Formats with their share of the file; those that a row length made necessary apart, with what they stand for. */
export function describePlan({ fileBytes, bpw, tensors }: Plan): string {
  const shares = [...Map.groupBy(tensors, (tensor) => `${tensor.format} ${replacedBy(tensor)}`).values()].map(
    (group): Share => ({
      format: group[0]?.format ?? '',
      requested: group[0] ? replacedBy(group[0]) : '',
      tensors: group.length,
      bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
    }),
  )
  const replaced = shares.some(({ requested }) => requested !== '')
  const size = `file of exactly ${fileBytes} bytes (${formatBytes(fileBytes)}), ${formatBpw(bpw)} bits per weight`
  const columns = [FORMAT, ...(replaced ? [REQUESTED] : []), ...COLUMNS]
  return `${renderTable(columns, shares)}\n\n${size}`
}

/** What a tensor's format stands for; nothing where it is the one asked for. */
function replacedBy({ format, requested }: PlannedTensor): string {
  return requested === format ? '' : requested
}
