import { svgOf } from '../../../renderer/charts/chart-image.ts'
import type { ChartOption } from '../../../renderer/charts/echarts.ts'

/** Draws an option for real, as SVG, and returns the picture. */
export function draw(option: ChartOption): string {
  return svgOf(option, { width: 800, height: 500 }, '#ffffff')
}

/** Pictured texts, in order. */
export function textsOf(picture: string): readonly string[] {
  return [...picture.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '')
}

/** How often a fill colour is used. */
export function fillsOf(picture: string, colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
  const spellings = [`fill="${colour}"`, `fill="rgb(${red},${green},${blue})"`]
  return spellings.reduce((sum, spelling) => sum + picture.split(spelling).length - 1, 0)
}
