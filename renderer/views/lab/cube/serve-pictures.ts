import { cellsOf, colourNumbers } from './cells.ts'
import { faceFigures } from './face-figures.ts'
import { FacePainter, type PictureLooks } from './paint-rows.ts'
import type { CubeReply, CubeRequest, PictureRequest } from './protocol.ts'

type Post = (reply: CubeReply) => void

const COARSE = 4
/** Newer requests are looked for this often. */
const SLICE_MS = 12

/** Lets the messages that wait be delivered. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

/** Answers requests in the order they come, except that a picture gives way to a newer one. */
export class PictureServer {
  readonly #post: Post
  #newest = -1
  #painter: { readonly key: string; readonly painter: FacePainter } | null = null

  constructor(post: Post) {
    this.#post = post
  }

  async answer(request: CubeRequest): Promise<void> {
    if (request.kind === 'picture') {
      this.#newest = request.id
      await this.#paint(request)
    } else if (request.kind === 'cells') {
      const cells = cellsOf(request.looks.rounding, request.looks.levels)
      this.#post({ kind: 'cells', id: request.id, cells, colours: colourNumbers(cells) })
    } else this.#post({ kind: 'figures', id: request.id, figures: faceFigures(request.levels) })
  }

  async #paint(request: PictureRequest): Promise<void> {
    // Requests that came together wait here; all but the last are dropped before any work.
    await nextTurn()
    const sides = [Math.ceil(request.side / COARSE), request.side].slice(request.coarseFirst ? 0 : 1)
    for (const side of sides) {
      const pixels = await this.#pixels(request, side)
      if (pixels === null) return
      this.#post({ kind: 'picture', id: request.id, side, pixels, whole: side === request.side })
    }
  }

  /** Null when a newer picture is wanted. */
  async #pixels(request: PictureRequest, side: number): Promise<Uint8ClampedArray<ArrayBuffer> | null> {
    if (this.#newest !== request.id) return null
    const painter = this.#painterOf(request.looks)
    const pixels = new Uint8ClampedArray(side * side * 4)
    let since = performance.now()
    for (let row = 0; row < side; row += 1) {
      painter.paint(request.view, side, row, 1, pixels.subarray(row * side * 4))
      if (performance.now() - since < SLICE_MS) continue
      this.#post({ kind: 'progress', id: request.id, fraction: (row + 1) / side })
      await nextTurn()
      if (this.#newest !== request.id) return null
      since = performance.now()
    }
    return pixels
  }

  /** Views change far more often than looks. */
  #painterOf(looks: PictureLooks): FacePainter {
    const key = JSON.stringify(looks)
    if (this.#painter?.key !== key) this.#painter = { key, painter: new FacePainter(looks) }
    return this.#painter.painter
  }
}
