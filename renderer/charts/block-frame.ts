/** What both charts of a block share: names, the colour of the reference, and what stands around the plot. */
import { significant } from './numbers.ts'
import { axisLooks } from './parts.ts'
import type { ChartTheme } from './theme.ts'

export interface BlockNames {
  readonly reference: string
  readonly chosen: string
}

/** Reference and chosen are told apart by shape too. Blue: Okabe and Ito. */
export const REFERENCE_COLOUR = '#2f8fcb'

/** @param first name of the series that the roundings are compared with */
export function blockFrame(first: string, names: BlockNames, theme: ChartTheme) {
  return {
    grid: { left: 64, right: 28, top: 30, bottom: 40, outerBoundsMode: 'none' as const },
    legend: {
      data: [first, names.reference, names.chosen],
      top: 0,
      left: 56,
      textStyle: { color: theme.text },
      itemWidth: 12,
      itemHeight: 9,
      inactiveColor: theme.line,
    },
  }
}

/** An axis whose ends are no round numbers, and so have no labels. */
export function blockPlaceAxis(name: string, [min, max]: readonly [number, number], theme: ChartTheme) {
  const looks = axisLooks(theme)
  return {
    ...looks,
    type: 'value' as const,
    min,
    max,
    splitLine: { show: false },
    axisLabel: { ...looks.axisLabel, hideOverlap: true, showMinLabel: false, showMaxLabel: false },
    name,
    nameLocation: 'middle' as const,
    nameGap: 24,
  }
}

export function blockTick(value: number): string {
  return significant(value, 3)
}
