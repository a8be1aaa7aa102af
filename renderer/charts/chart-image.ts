/** Pictures of charts. */
import { init, type ChartOption } from './echarts.ts'

export interface PictureSize {
  readonly width: number
  readonly height: number
}

/** Draws an option as SVG, without a window. */
export function svgOf(option: ChartOption, size: PictureSize, background: string): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size })
  chart.setOption({ ...option, backgroundColor: background })
  const picture = chart.renderToSVGString()
  chart.dispose()
  return picture
}

/** Saves a picture given as a data URL. */
export function saveImage(name: string, picture: string): void {
  const link = document.createElement('a')
  link.href = picture
  link.download = name
  link.click()
}
