import { computed, shallowRef, type Ref } from 'vue'
import type { Point } from './vectors.ts'
import { moveView, pointAt, WHOLE_FACE, zoomView, type FaceView } from './view.ts'

export interface MovedFace {
  readonly canvas: Readonly<Ref<HTMLCanvasElement | null>>
  readonly view: Ref<FaceView>
  /** The direction under the pointer. */
  readonly pointed: Ref<Point | null>
}

const WHEEL = 0.0015
const STEP = 0.1
const KEYS: Readonly<Record<string, (from: FaceView) => FaceView>> = {
  ArrowLeft: (from) => moveView(from, -STEP, 0),
  ArrowRight: (from) => moveView(from, STEP, 0),
  ArrowUp: (from) => moveView(from, 0, STEP),
  ArrowDown: (from) => moveView(from, 0, -STEP),
  '+': (from) => zoomView(from, 1 / 1.5),
  '=': (from) => zoomView(from, 1 / 1.5),
  '-': (from) => zoomView(from, 1.5),
  Home: () => WHOLE_FACE,
}

/** Moves and zooms the view of a face by pointer, wheel and keys. Listeners by the names of their events. */
export function useFaceMoves({ canvas, view, pointed }: MovedFace) {
  const held = shallowRef<{ readonly view: FaceView; readonly place: Point } | null>(null)

  /** Shares of the picture from its left and top. */
  function placeOn(event: MouseEvent): Point {
    const box = canvas.value?.getBoundingClientRect()
    if (!box || box.width === 0) return [0.5, 0.5]
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
  }

  function release(): void {
    held.value = null
  }

  const listeners = {
    pointerdown(event: PointerEvent): void {
      if (event.button !== 0) return
      canvas.value?.setPointerCapture(event.pointerId)
      held.value = { view: view.value, place: placeOn(event) }
    },
    pointermove(event: PointerEvent): void {
      const [left, top] = placeOn(event)
      if (held.value) {
        const { place, view: from } = held.value
        view.value = moveView(from, place[0] - left, top - place[1])
      }
      pointed.value = pointAt(view.value, left, top)
    },
    pointerup: release,
    pointercancel: release,
    pointerleave(): void {
      pointed.value = null
    },
    wheel(event: WheelEvent): void {
      event.preventDefault()
      const fixed = pointAt(view.value, ...placeOn(event))
      view.value = zoomView(view.value, Math.exp(event.deltaY * WHEEL), fixed)
    },
    keydown(event: KeyboardEvent): void {
      const change = KEYS[event.key]
      if (!change || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      event.stopPropagation()
      view.value = change(view.value)
    },
  }
  return { held: computed(() => held.value !== null), listeners }
}
