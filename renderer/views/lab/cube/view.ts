import type { Point } from './vectors.ts'

/** The square part of the face that is shown: `(y, z)` of its centre, and its width in the units of the face, at most 2. */
export interface FaceView {
  readonly centre: Point
  readonly span: number
}

export const WHOLE_FACE: FaceView = { centre: [0, 0], span: 2 }
/** Deeper, the differences between cosines come near the precision of doubles. */
const SMALLEST_SPAN = 2e-4

function kept(value: number, span: number): number {
  const room = 1 - span / 2
  // Adding 0 makes 0 of -0.
  return Math.min(room, Math.max(-room, value)) + 0
}

/** Keeps the view inside the face. */
function limitView({ centre, span }: FaceView): FaceView {
  const limited = Math.min(2, Math.max(SMALLEST_SPAN, span))
  return { centre: [kept(centre[0], limited), kept(centre[1], limited)], span: limited }
}

/** Zooms by a factor (below 1: closer) so that `fixed` keeps its place on the picture. */
export function zoomView(view: FaceView, factor: number, fixed: Point = view.centre): FaceView {
  const span = Math.min(2, Math.max(SMALLEST_SPAN, view.span * factor))
  const share = span / view.span
  const along = (axis: 0 | 1) => fixed[axis] + (view.centre[axis] - fixed[axis]) * share
  return limitView({ centre: [along(0), along(1)], span })
}

/** Moves by shares of the picture, to the right and up. */
export function moveView({ centre: [y, z], span }: FaceView, right: number, up: number): FaceView {
  return limitView({ centre: [y + right * span, z + up * span], span })
}

/** Where on the face a place of the picture is; places are shares of the picture from its left and top. */
export function pointAt({ centre: [y, z], span }: FaceView, left: number, top: number): Point {
  return [y + (left - 0.5) * span, z + (0.5 - top) * span]
}

/** The opposite of {@link pointAt}. */
export function placeOf({ centre, span }: FaceView, [y, z]: Point): readonly [left: number, top: number] {
  return [(y - centre[0]) / span + 0.5, 0.5 - (z - centre[1]) / span]
}
