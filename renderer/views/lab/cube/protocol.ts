/** What the window asks of the picture's worker, and what comes back. Only the newest picture is finished. */
import type { Cell } from './cells.ts'
import type { FaceFigures } from './face-figures.ts'
import type { PictureLooks } from './paint-rows.ts'
import type { FaceView } from './view.ts'

export interface PictureRequest {
  readonly kind: 'picture'
  readonly id: number
  readonly looks: PictureLooks
  readonly view: FaceView
  /** Pixels per side. */
  readonly side: number
  /** A quarter of the side first, so that something is there at once. */
  readonly coarseFirst: boolean
}

export interface CellsRequest {
  readonly kind: 'cells'
  readonly id: number
  readonly looks: PictureLooks
}

export interface FiguresRequest {
  readonly kind: 'figures'
  readonly id: number
  readonly levels: readonly number[]
}

export type CubeRequest = PictureRequest | CellsRequest | FiguresRequest

export interface PictureReply {
  readonly kind: 'picture'
  readonly id: number
  readonly side: number
  /** RGBA, row by row from the top. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
  /** False for the coarse picture that comes first. */
  readonly whole: boolean
}

/** How much of a picture that takes long is painted. */
export interface ProgressReply {
  readonly kind: 'progress'
  readonly id: number
  readonly fraction: number
}

export interface CellsReply {
  readonly kind: 'cells'
  readonly id: number
  readonly cells: readonly Cell[]
  readonly colours: readonly number[]
}

export interface FiguresReply {
  readonly kind: 'figures'
  readonly id: number
  readonly figures: FaceFigures
}

export type CubeReply = PictureReply | ProgressReply | CellsReply | FiguresReply
