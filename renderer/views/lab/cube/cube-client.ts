import type { PictureLooks } from './paint-rows.ts'
import type {
  CellsReply,
  CubeReply,
  CubeRequest,
  FiguresReply,
  PictureReply,
  PictureRequest,
} from './protocol.ts'

type Asked = Omit<PictureRequest, 'kind' | 'id'>

export interface PictureListener {
  /** Coarse first, where that was asked for. */
  readonly onPicture: (picture: PictureReply) => void
  readonly onProgress?: (fraction: number) => void
}

/** The window's end of a worker that paints the cube's face. */
export class CubeClient {
  readonly #worker: Worker
  readonly #waiting = new Map<number, (reply: CubeReply) => void>()
  #newest = 0
  #picture = 0

  constructor() {
    this.#worker = new Worker(new URL('./cube-worker.ts', import.meta.url), { type: 'module' })
    this.#worker.addEventListener('message', ({ data }: MessageEvent<CubeReply>) => {
      this.#waiting.get(data.id)?.(data)
      if (data.kind !== 'progress' && (data.kind !== 'picture' || data.whole)) this.#waiting.delete(data.id)
    })
  }

  /** Asks for a picture. One that was asked for before and is not whole yet never comes. */
  paint(asked: Asked, { onPicture, onProgress }: PictureListener): void {
    this.#waiting.delete(this.#picture)
    this.#picture = this.#ask({ ...asked, kind: 'picture', id: this.#nextId() }, (reply) => {
      if (reply.kind === 'progress') onProgress?.(reply.fraction)
      if (reply.kind === 'picture') onPicture(reply)
    })
  }

  cells(looks: PictureLooks, onCells: (reply: CellsReply) => void): void {
    this.#ask({ kind: 'cells', id: this.#nextId(), looks }, (reply) => {
      if (reply.kind === 'cells') onCells(reply)
    })
  }

  figures(levels: readonly number[], onFigures: (reply: FiguresReply) => void): void {
    this.#ask({ kind: 'figures', id: this.#nextId(), levels }, (reply) => {
      if (reply.kind === 'figures') onFigures(reply)
    })
  }

  close(): void {
    this.#worker.terminate()
  }

  #ask(request: CubeRequest, answer: (reply: CubeReply) => void): number {
    this.#waiting.set(request.id, answer)
    this.#worker.postMessage(request)
    return request.id
  }

  #nextId(): number {
    this.#newest += 1
    return this.#newest
  }
}
