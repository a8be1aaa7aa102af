/** Keeps the labels of points from lying on each other. */

export interface LabelBox {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const GAP = 3

function overlaps(a: LabelBox, b: LabelBox): boolean {
  return (
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height + GAP && b.y < a.y + a.height + GAP
  )
}

/** Nearest free place above or below; each placed box is in the way of the next. */
export function freePlace(box: LabelBox, taken: readonly LabelBox[]): LabelBox {
  for (let step = 0; step <= 2 * taken.length; step += 1) {
    for (const direction of [-1, 1]) {
      const moved = { ...box, y: box.y + (direction * step * (box.height + GAP)) / 2 }
      if (!taken.some((other) => overlaps(moved, other))) return moved
    }
  }
  return box
}

interface LabelParameters {
  readonly dataIndex?: number
  readonly labelRect: LabelBox
}

/** Label layout of a series: places its labels one after the other, in data order. */
export function apart(): (parameters: LabelParameters) => { x: number; y: number; verticalAlign: 'middle' } {
  let taken: LabelBox[] = []
  return ({ dataIndex, labelRect }) => {
    if (dataIndex === 0) taken = []
    const place = freePlace(labelRect, taken)
    taken.push(place)
    return { x: place.x, y: place.y + place.height / 2, verticalAlign: 'middle' }
  }
}
