/** What every chart has in common: base option, axis looks, tooltip text. */
import type { ChartOption } from './echarts.ts'
import type { ChartTheme } from './theme.ts'

/**
 * Option every chart starts from. Animation is off: a measuring instrument shows its value at once.
 *
 * Progressive drawing is off for the same reason, and because ECharts goes on with it after a chart was disposed:
 * its canvas painter asks for the next frame without looking whether it still exists, and fails in that frame.
 */
export function baseOption(theme: ChartTheme) {
  return {
    animation: false,
    progressive: 0,
    backgroundColor: 'transparent',
    textStyle: { color: theme.text, fontFamily: theme.font, fontSize: 12 },
    tooltip: {
      confine: true,
      backgroundColor: theme.surface,
      borderColor: theme.line,
      padding: [6, 10],
      textStyle: { color: theme.text, fontFamily: theme.font, fontSize: 12 },
      transitionDuration: 0,
    },
  } satisfies ChartOption
}

export function axisLooks(theme: ChartTheme) {
  return {
    axisLine: { show: true, onZero: false, lineStyle: { color: theme.line } },
    axisTick: { show: false },
    axisLabel: { color: theme.muted, fontSize: 11 },
    splitLine: { show: true, lineStyle: { color: theme.line, opacity: 0.6 } },
    nameTextStyle: { color: theme.muted, fontSize: 11 },
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Names come from files, so nothing in them may become markup. */
function escapeMarkup(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
}

export type TooltipRow = readonly [label: string, value: string]

/** Markup of a tooltip: a title over aligned label and value pairs. */
export function tooltipMarkup(title: string, rows: readonly TooltipRow[]): string {
  const cells = rows.map(
    ([label, value]) =>
      `<tr><td style="padding-right:12px;opacity:.75">${escapeMarkup(label)}</td>` +
      `<td style="text-align:right;font-variant-numeric:tabular-nums">${escapeMarkup(value)}</td></tr>`,
  )
  return `<div style="font-weight:600">${escapeMarkup(title)}</div><table>${cells.join('')}</table>`
}

/** The data item behind an ECharts tooltip or click. */
export function dataOf<T>(parameters: unknown): T | null {
  const one: unknown = Array.isArray(parameters) ? parameters[0] : parameters
  const data = (one as { data?: unknown } | undefined)?.data
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as T) : null
}
