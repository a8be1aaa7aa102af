import { describe, expect, it } from 'vitest'
import { contrast } from '../../../renderer/charts/palette.ts'
import {
  applyTokens,
  TOKENS,
  variableName,
  type ThemeName,
  type Tokens,
} from '../../../renderer/styles/tokens.ts'

const THEMES: readonly ThemeName[] = ['light', 'dark']
const TEXTS: readonly (keyof Tokens)[] = [
  'text',
  'textMuted',
  'textFaint',
  'accent',
  'danger',
  'warning',
  'success',
]
const GROUNDS: readonly (keyof Tokens)[] = ['canvas', 'panel', 'raised']

describe.each(THEMES)('the %s theme', (theme) => {
  const tokens = TOKENS[theme]

  it.each(TEXTS)('has enough contrast for %s on every ground', (text) => {
    for (const ground of GROUNDS) expect(contrast(tokens[text], tokens[ground])).toBeGreaterThanOrEqual(4.5)
  })

  it('has enough contrast on what is selected and on the accent', () => {
    expect(contrast(tokens.text, tokens.accentSoft)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(tokens.textMuted, tokens.accentSoft)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(tokens.onAccent, tokens.accent)).toBeGreaterThanOrEqual(4.5)
  })
})

it('gives every token to the page as a variable', () => {
  const element = document.createElement('div')
  applyTokens('dark', element)
  expect(variableName('textMuted')).toBe('--text-muted')
  expect(element.style.getPropertyValue('--text-muted')).toBe(TOKENS.dark.textMuted)
  expect(element.dataset['theme']).toBe('dark')
})
