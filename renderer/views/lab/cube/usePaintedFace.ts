import { useDevicePixelRatio, useElementSize } from '@vueuse/core'
import { computed, onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { CubeClient } from './cube-client.ts'
import { drawBorders, drawPixels } from './draw-face.ts'
import type { PictureLooks } from './paint-rows.ts'
import type { CellsReply, PictureReply } from './protocol.ts'
import type { FaceView } from './view.ts'

export interface FaceElements {
  readonly frame: Readonly<Ref<HTMLElement | null>>
  readonly canvas: Readonly<Ref<HTMLCanvasElement | null>>
}

export interface FaceLooks {
  readonly looks: Readonly<Ref<PictureLooks>>
  readonly view: Readonly<Ref<FaceView>>
  readonly borders: () => boolean
}

/**
 * Keeps the largest square of a frame painted.
 *
 * @returns its side in pixels of the page (`shown`) and of the screen (`side`), and the face's cells; null until they are
 *   computed
 */
export function usePaintedFace({ frame, canvas }: FaceElements, { looks, view, borders }: FaceLooks) {
  const client = new CubeClient()
  const { width, height } = useElementSize(frame)
  const { pixelRatio } = useDevicePixelRatio()
  const picture = shallowRef<PictureReply | null>(null)
  const cells = shallowRef<CellsReply | null>(null)
  const shown = computed(() => Math.floor(Math.min(width.value, height.value)))
  const side = computed(() => Math.round(shown.value * pixelRatio.value))

  function draw(): void {
    if (!canvas.value || !picture.value) return
    if (canvas.value.width !== side.value) canvas.value.width = canvas.value.height = side.value
    drawPixels(canvas.value, picture.value)
    if (borders() && cells.value) drawBorders(canvas.value, cells.value.cells, view.value, pixelRatio.value)
  }

  watch(
    [looks, view, side],
    () => {
      if (side.value === 0) return
      const onPicture = (reply: PictureReply) => {
        picture.value = reply
        draw()
      }
      const asked = { looks: looks.value, view: view.value, side: side.value, coarseFirst: true }
      client.paint(asked, { onPicture })
    },
    { immediate: true },
  )
  watch(
    () => looks.value.levels,
    () => {
      cells.value = null
      client.cells(looks.value, (reply) => (cells.value = reply))
    },
    { immediate: true },
  )
  watch([cells, borders], draw)
  onScopeDispose(() => client.close())

  return { shown, side, cells }
}
