import { writeAtomically } from '../../services/files/write-atomically.ts'
import type { Method, Plan } from '../../../preload/contract.ts'
import type { Context } from '../context.ts'
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
    const result = await services.plans.evaluate({ model: id, choices, ...imatrix })
    if (options.output !== undefined) services.plans.save(result, context.resolve(options.output))
    if (options.recipe !== undefined) writeAtomically(context.resolve(options.recipe), toRecipe(result))
    context.print(result, () => describePlan(result))
  })
}

interface Share {
  readonly format: string
  readonly tensors: number
  readonly bytes: number
}

const COLUMNS: readonly Column<Share>[] = [
  { title: 'format', value: ({ format }) => format },
  { title: 'tensors', align: 'right', value: ({ tensors }) => String(tensors) },
  { title: 'size', align: 'right', value: ({ bytes }) => formatBytes(bytes) },
]

export function describePlan({ fileBytes, bpw, tensors }: Plan): string {
  const shares = [...Map.groupBy(tensors, ({ format }) => format)].map(([format, group]): Share => ({
    format,
    tensors: group.length,
    bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
  }))
  const size = `file of exactly ${fileBytes} bytes (${formatBytes(fileBytes)}), ${formatBpw(bpw)} bits per weight`
  return `${renderTable(COLUMNS, shares)}\n\n${size}`
}
