import type { TensorDifference, TensorSide } from '../../services/diff/diff-models.ts'
import type { Context } from '../context.ts'
import { formatBytes, formatFigure } from '../numbers.ts'
import { withServices } from '../start-services.ts'
import { renderTable, type Column } from '../table.ts'

/** `diff A B`: two models tensor by tensor, aligned by name. */
export async function diff(context: Context, [first = '', second = '']: readonly string[]): Promise<void> {
  await withServices(context, async (services) => {
    const a = await services.library.open(context.resolve(first))
    const b = await services.library.open(context.resolve(second))
    const tensors = await services.diff.compare(a.id, b.id, {
      signal: context.signal,
      onProgress: (done, total) => context.progress.show({ label: 'Compare', fraction: done / total }),
    })
    context.progress.end()
    const document = { schema: 1, a: a.model.path, b: b.model.path, tensors }
    context.print(document, () => renderTable(COLUMNS, tensors))
  })
}

const describeSide = (side: TensorSide | null): string =>
  side === null ? '-' : `${side.type} ${formatBytes(side.bytes)}`

const COLUMNS: readonly Column<TensorDifference>[] = [
  { title: 'tensor', value: ({ name }) => name },
  { title: 'A', value: ({ a }) => describeSide(a) },
  { title: 'B', value: ({ b }) => describeSide(b) },
  {
    title: 'relative error',
    align: 'right',
    value: ({ status, relativeError }) => (status === 'compared' ? formatFigure(relativeError) : status),
  },
]
