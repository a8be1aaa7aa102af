/** Where the parameters are: a treemap of roles. */
import type { ChartOption } from './echarts.ts'
import { count, exact, percent } from './numbers.ts'
import { BLUE_WHITE_ORANGE, interpolate, textOn } from './palette.ts'
import { baseOption, dataOf, tooltipMarkup } from './parts.ts'
import type { ChartTheme } from './theme.ts'

export interface RoleShare {
  readonly role: string
  readonly parameters: number
  readonly tensors: number
}

/** Sums tensors by role, largest first. */
export function roleShares(
  tensors: readonly { readonly role: string; readonly shape: readonly number[] }[],
): readonly RoleShare[] {
  const shares = new Map<string, { role: string; parameters: number; tensors: number }>()
  for (const { role, shape } of tensors) {
    const share = shares.get(role) ?? { role, parameters: 0, tensors: 0 }
    share.parameters += shape.reduce((product, size) => product * size, 1)
    share.tensors += 1
    shares.set(role, share)
  }
  return [...shares.values()].sort((a, b) => b.parameters - a.parameters)
}

/** Attention, feed-forward and the rest keep a tint each; the name is always printed. */
function tint(role: string): string {
  if (role.startsWith('attn')) return interpolate(BLUE_WHITE_ORANGE, 0.12)
  if (role.startsWith('ffn')) return interpolate(BLUE_WHITE_ORANGE, 0.8)
  return '#8b929b'
}

interface Item {
  readonly name: string
  readonly value: number
  readonly share: RoleShare
}

function roleMarkup(parameters: unknown, total: number): string {
  const share = dataOf<Item>(parameters)?.share
  if (!share) return ''
  return tooltipMarkup(share.role, [
    ['Parameters', `${exact(share.parameters)} (${count(share.parameters)})`],
    ['Share', percent(share.parameters / Math.max(1, total))],
    ['Tensors', exact(share.tensors)],
  ])
}

export function roleTreemapOption(shares: readonly RoleShare[], theme: ChartTheme): ChartOption {
  const total = shares.reduce((sum, share) => sum + share.parameters, 0)
  const base = baseOption(theme)
  return {
    ...base,
    tooltip: { ...base.tooltip, formatter: (parameters) => roleMarkup(parameters, total) },
    series: {
      type: 'treemap',
      roam: false,
      nodeClick: false,
      breadcrumb: { show: false },
      left: 0,
      right: 0,
      top: 0,
      bottom: 0,
      itemStyle: { borderColor: theme.surface, borderWidth: 1, gapWidth: 1 },
      label: { fontSize: 11, lineHeight: 15, overflow: 'truncate' },
      data: shares.map((share) => ({
        name: share.role,
        value: share.parameters,
        share,
        itemStyle: { color: tint(share.role) },
        label: {
          color: textOn(tint(share.role)),
          formatter: `${share.role}\n${percent(share.parameters / Math.max(1, total))}`,
        },
      })),
    },
  }
}
