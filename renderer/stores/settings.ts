import { usePreferredDark, useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { Measure, Method } from '../../preload/contract.ts'
import type { ThemeName } from '../styles/tokens.ts'

export const DEFAULT_FORMAT = 'Q4_K'

export type ThemeChoice = 'system' | ThemeName

/**
 * What the user chose and finds again at the next start (kept in `localStorage`).
 *
 * - `theme` the choice, `themeName` the theme that follows from it
 * - `measure`, `format`, `method` what tables and heatmap show
 * - `otherFormat`, `otherMethod` the second of a difference; no difference where the format is null
 * - `inspectorOpen`, `listOpen` the side panels
 */
export const useSettings = defineStore('settings', () => {
  const theme = useLocalStorage<ThemeChoice>('quantaloupe.theme', 'system')
  const measure = useLocalStorage<Measure>('quantaloupe.measure', 'relativeError')
  const format = useLocalStorage('quantaloupe.format', DEFAULT_FORMAT)
  const otherFormat = useLocalStorage<string | null>('quantaloupe.otherFormat', null)
  const method = useLocalStorage<Method>('quantaloupe.method', 'reference')
  const otherMethod = useLocalStorage<Method>('quantaloupe.otherMethod', 'reference')
  const inspectorOpen = useLocalStorage('quantaloupe.inspectorOpen', true)
  const listOpen = useLocalStorage('quantaloupe.listOpen', true)

  const systemDark = usePreferredDark()
  const themeName = computed<ThemeName>(() => {
    if (theme.value !== 'system') return theme.value
    return systemDark.value ? 'dark' : 'light'
  })

  return { theme, themeName, measure, format, otherFormat, method, otherMethod, inspectorOpen, listOpen }
})
