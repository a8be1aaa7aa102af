/**
 * Colours of data. Every ramp is interpolated in sRGB between published anchors.
 *
 * - cividis: Nuñez, Anderton, Renslow, "Optimizing colormaps with consideration for color vision deficiency"
 *   (PLoS ONE 13, 2018); anchors are matplotlib's `cividis` at ten equal steps.
 * - viridis: Smith and van der Walt, matplotlib 2.0; its table at ten equal steps.
 * - diverging: ColorBrewer 2 (Brewer, Harrower), the blue half of RdBu and the orange half of PuOr, 9 classes each.
 */
export const CIVIDIS = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#e1cc55',
  '#fee838', // prettier-ignore
] as const

export const VIRIDIS = [
  '#440154',
  '#482878',
  '#3e4989',
  '#31688e',
  '#26828e',
  '#1f9e89',
  '#35b779',
  '#6ece58',
  '#b5de2b',
  '#fde725', // prettier-ignore
] as const

export const BLUE_WHITE_ORANGE = [
  '#2166ac',
  '#4393c3',
  '#92c5de',
  '#d1e5f0',
  '#f7f7f7',
  '#fee0b6',
  '#fdb863',
  '#e08214',
  '#b35806', // prettier-ignore
] as const

type Channels = readonly [red: number, green: number, blue: number]

function channels(hex: string): Channels {
  const value = Number.parseInt(hex.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

function toHex(colour: Channels): string {
  return `#${colour.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`
}

/** Colour at a fraction of a ramp; fractions outside 0..1 take the nearest end. */
export function interpolate(anchors: readonly string[], fraction: number): string {
  const position = Math.min(1, Math.max(0, fraction)) * (anchors.length - 1)
  const index = Math.min(Math.floor(position), anchors.length - 2)
  const from = channels(anchors[index] ?? '#000000')
  const to = channels(anchors[index + 1] ?? '#000000')
  const mix = (channel: 0 | 1 | 2) => from[channel] + (to[channel] - from[channel]) * (position - index)
  return toHex([mix(0), mix(1), mix(2)])
}

/** Relative luminance, 0 for black to 1 for white (WCAG 2.2). */
export function luminance(hex: string): number {
  const [red, green, blue] = channels(hex).map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Contrast ratio of two colours, 1 to 21 (WCAG 2.2). */
export function contrast(first: string, second: string): number {
  const [low, high] = [luminance(first), luminance(second)].sort((a, b) => a - b) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

/** Black or white, whichever reads better on a colour. */
export function textOn(background: string): '#000000' | '#ffffff' {
  return contrast(background, '#000000') >= contrast(background, '#ffffff') ? '#000000' : '#ffffff'
}

const LEAST_BITS = 1.125
const MOST_BITS = 32

/** Colour of a format: its place on one ramp ordered by bits per weight. Always shown with the name beside it. */
export function formatColour(bpw: number): string {
  const fraction = Math.log2(bpw / LEAST_BITS) / Math.log2(MOST_BITS / LEAST_BITS)
  return interpolate(VIRIDIS, fraction)
}
