/** Pictures of a face as files, painted anew at the size that is asked for. */
import { saveImage } from '../../../charts/chart-image.ts'
import { saveText } from '../../../components/save-text.ts'
import type { Cell } from './cells.ts'
import { CubeClient } from './cube-client.ts'
import { drawBorders, drawPixels } from './draw-face.ts'
import { faceSvg } from './face-svg.ts'
import type { PictureLooks } from './paint-rows.ts'
import type { FaceView } from './view.ts'

export interface SavedFace {
  readonly name: string
  readonly title: string
  readonly looks: PictureLooks
  readonly view: FaceView
  readonly cells: readonly Cell[]
  readonly colours: readonly number[]
  readonly borders: boolean
  /** Pixels per side. */
  readonly side: number
}

/** Width of the borders as a share of the picture: one pixel on a screen. */
const BORDER_SHARE = 1 / 600

type OnProgress = (fraction: number) => void

/** A worker of its own, so that the picture on screen can be moved meanwhile. */
function painted({ looks, view, side }: SavedFace, onProgress: OnProgress): Promise<HTMLCanvasElement> {
  const client = new CubeClient()
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = side
  return new Promise((resolve) => {
    const onPicture = (picture: Parameters<typeof drawPixels>[1]) => {
      client.close()
      drawPixels(canvas, picture)
      resolve(canvas)
    }
    client.paint({ looks, view, side, coarseFirst: false }, { onPicture, onProgress })
  })
}

function asBlob(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob)
      else reject(new Error(`a picture of ${canvas.width} x ${canvas.height} pixels is too large here`))
    }, 'image/png')
  })
}

export async function saveFacePng(face: SavedFace, onProgress: OnProgress): Promise<void> {
  const canvas = await painted(face, onProgress)
  if (face.borders) drawBorders(canvas, face.cells, face.view, Math.max(1, face.side * BORDER_SHARE))
  const url = URL.createObjectURL(await asBlob(canvas))
  saveImage(`${face.name}.png`, url)
  URL.revokeObjectURL(url)
}

/** Cells as polygons; where colour changes inside a cell, over an image. */
export async function saveFaceSvg(face: SavedFace, onProgress: OnProgress): Promise<void> {
  const image =
    face.looks.colouring === 'cell' ? null : (await painted(face, onProgress)).toDataURL('image/png')
  saveText(`${face.name}.svg`, faceSvg({ ...face, image }), 'image/svg+xml')
}
