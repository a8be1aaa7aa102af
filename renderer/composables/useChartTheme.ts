import { computed, type ComputedRef } from 'vue'
import { CHART_THEMES, type ChartTheme } from '../charts/theme.ts'
import { useSettings } from '../stores/settings.ts'

/** What of a chart is not data, in the theme on screen. */
export function useChartTheme(): ComputedRef<ChartTheme> {
  const settings = useSettings()
  return computed(() => CHART_THEMES[settings.themeName])
}
