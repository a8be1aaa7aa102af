/**
 * Design tokens: every colour of the window that is not data.
 *
 * One table per theme feeds both the CSS variables (`--panel`, `--text-muted`, ...) and the component library.
 * Text tokens reach a contrast of 4.5:1 on `canvas`, `panel` and `raised` (checked in the tests).
 */
export interface Tokens {
  /** Behind everything. */
  readonly canvas: string
  /** Side lists, bars, cards. */
  readonly panel: string
  /** Menus, dialogs, inputs. */
  readonly raised: string
  readonly hover: string
  readonly line: string
  readonly lineStrong: string
  readonly text: string
  readonly textMuted: string
  readonly textFaint: string
  readonly accent: string
  readonly accentHover: string
  readonly accentPressed: string
  /** Background of what is selected. */
  readonly accentSoft: string
  readonly onAccent: string
  readonly danger: string
  readonly warning: string
  readonly success: string
}

export type ThemeName = 'light' | 'dark'

export const TOKENS: Readonly<Record<ThemeName, Tokens>> = {
  light: {
    canvas: '#f2f3f4',
    panel: '#fafbfb',
    raised: '#ffffff',
    hover: '#e9ebed',
    line: '#d9dcdf',
    lineStrong: '#b3b9bf',
    text: '#1b1f23',
    textMuted: '#4d555c',
    textFaint: '#626a72',
    accent: '#ad4a0c',
    accentHover: '#c4560f',
    accentPressed: '#8f3c08',
    accentSoft: '#fbe9dc',
    onAccent: '#ffffff',
    danger: '#b3261e',
    warning: '#855400',
    success: '#1a7340',
  },
  dark: {
    canvas: '#121417',
    panel: '#181b1f',
    raised: '#20242a',
    hover: '#262b31',
    line: '#2b3036',
    lineStrong: '#454c54',
    text: '#e6e8ea',
    textMuted: '#aab1b8',
    textFaint: '#8b949c',
    accent: '#f0925a',
    accentHover: '#f5a677',
    accentPressed: '#d97c45',
    accentSoft: '#38271c',
    onAccent: '#1a120c',
    danger: '#f38b83',
    warning: '#e2b456',
    success: '#74c795',
  },
}

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'
export const MONO =
  'ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", Consolas, "DejaVu Sans Mono", monospace'

/** `textMuted` becomes `--text-muted`. */
export function variableName(token: string): string {
  return `--${token.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** Writes the tokens of a theme on an element as CSS variables. */
export function applyTokens(theme: ThemeName, element: HTMLElement): void {
  for (const [token, colour] of Object.entries(TOKENS[theme])) {
    element.style.setProperty(variableName(token), colour as string)
  }
  element.style.setProperty('--font', FONT)
  element.style.setProperty('--mono', MONO)
  element.style.colorScheme = theme
  element.dataset['theme'] = theme
}
