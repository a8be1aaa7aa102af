import { kernelsName } from '../../engine/kernels/kernels.ts'
import { formatInfos } from '../../services/formats.ts'
import type { FormatInfo } from '../../../preload/contract.ts'
import type { Context } from '../context.ts'
import { formatBpw } from '../numbers.ts'
import { renderTable, type Column } from '../table.ts'

const COLUMNS: readonly Column<FormatInfo>[] = [
  { title: 'format', value: ({ name }) => name },
  { title: 'bpw', align: 'right', value: ({ bpw }) => formatBpw(bpw) },
  { title: 'block', align: 'right', value: ({ blockSize }) => String(blockSize) },
  { title: 'bytes', align: 'right', value: ({ blockBytes }) => String(blockBytes) },
  { title: 'family', value: ({ family }) => family },
  { title: 'target', value: ({ target }) => target },
  { title: 'importance', value: ({ needsImportance }) => (needsImportance ? 'needed' : '') },
  { title: 'methods', value: ({ methods }) => methods.join(', ') },
]

/** `formats`: the registry, and for people what computes. */
export function formats(context: Context): void {
  const list = formatInfos()
  context.print(list, () => `${renderTable(COLUMNS, list)}\n\nkernels: ${kernelsName(context.useNative)}`)
}
