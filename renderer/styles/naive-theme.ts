import type { GlobalThemeOverrides } from 'naive-ui'
import { FONT, MONO, TOKENS, type ThemeName } from './tokens.ts'

/** The component library in the colours and the density of the window. */
export function naiveOverrides(theme: ThemeName): GlobalThemeOverrides {
  const tokens = TOKENS[theme]
  return {
    common: {
      ...surfaceColours(theme),
      ...textColours(theme),
      primaryColor: tokens.accent,
      primaryColorHover: tokens.accentHover,
      primaryColorPressed: tokens.accentPressed,
      primaryColorSuppl: tokens.accent,
      errorColor: tokens.danger,
      warningColor: tokens.warning,
      successColor: tokens.success,
      infoColor: tokens.textMuted,
      infoColorSuppl: tokens.textMuted,
      fontFamily: FONT,
      fontFamilyMono: MONO,
      fontSize: '13px',
      fontSizeMini: '12px',
      fontSizeTiny: '12px',
      fontSizeSmall: '13px',
      fontSizeMedium: '13px',
      lineHeight: '1.45',
      borderRadius: '4px',
      borderRadiusSmall: '3px',
      heightTiny: '22px',
      heightSmall: '28px',
      heightMedium: '30px',
    },
    Button: { textColorPrimary: tokens.onAccent, textColorHoverPrimary: tokens.onAccent, fontWeight: '500' },
    Tooltip: { color: tokens.raised, textColor: tokens.text, padding: '6px 10px', boxShadow: shadow(theme) },
    Popover: { boxShadow: shadow(theme) },
    Tag: { borderRadius: '3px' },
  }
}

function surfaceColours(theme: ThemeName) {
  const { canvas, panel, raised, hover, line, lineStrong } = TOKENS[theme]
  return {
    bodyColor: canvas,
    cardColor: panel,
    modalColor: raised,
    popoverColor: raised,
    tableColor: panel,
    tableHeaderColor: raised,
    inputColor: raised,
    actionColor: panel,
    tabColor: panel,
    hoverColor: hover,
    tableColorHover: hover,
    borderColor: lineStrong,
    dividerColor: line,
  }
}

function textColours(theme: ThemeName) {
  const { text, textMuted, textFaint } = TOKENS[theme]
  return {
    textColorBase: text,
    textColor1: text,
    textColor2: text,
    textColor3: textMuted,
    placeholderColor: textFaint,
  }
}

function shadow(theme: ThemeName): string {
  return theme === 'dark' ? '0 4px 16px rgba(0, 0, 0, 0.6)' : '0 4px 16px rgba(30, 40, 50, 0.18)'
}
