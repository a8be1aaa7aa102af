import { FONT, TOKENS, type ThemeName } from '../styles/tokens.ts'

/** Colours and type of everything in a chart that is not data. */
export interface ChartTheme {
  readonly dark: boolean
  readonly text: string
  readonly muted: string
  readonly line: string
  /** Behind the chart. */
  readonly surface: string
  readonly accent: string
  readonly font: string
}

function chartTheme(name: ThemeName): ChartTheme {
  const { text, textMuted, line, panel, accent } = TOKENS[name]
  return { dark: name === 'dark', text, muted: textMuted, line, surface: panel, accent, font: FONT }
}

export const CHART_THEMES: Readonly<Record<ThemeName, ChartTheme>> = {
  light: chartTheme('light'),
  dark: chartTheme('dark'),
}
