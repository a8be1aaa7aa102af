/** Where presets stand on the slider, and which of their names have room. */

export interface Notch {
  readonly name: string
  readonly fileBytes: number
}

export interface PlacedNotch extends Notch {
  /** Along the slider, 0 to 1. */
  readonly at: number
  /** Line of the name below the slider; null where it has no room. */
  readonly line: 0 | 1 | null
}

/**
 * Place of a file size along the slider, 0 to 1. Equal ratios take equal ways: half the size is as far at 8 bits per weight
 * as at 2, so that the small plans people look for have their room.
 */
export function shareOf(fileBytes: number, smallest: number, largest: number): number {
  const run = Math.log(largest / smallest)
  return run > 0 ? Math.min(1, Math.max(0, Math.log(fileBytes / smallest) / run)) : 1
}

/** The file size at a place along the slider. */
export function bytesAlong(share: number, smallest: number, largest: number): number {
  return Math.round(smallest * (largest / smallest) ** share)
}

/** Names that people look for first. */
const FAMILIAR = [
  'Q4_K_M',
  'Q8_0',
  'Q6_K',
  'Q5_K_M',
  'Q3_K_M',
  'Q2_K',
  'IQ4_XS',
  'IQ3_M',
  'IQ2_M',
  'Q4_0',
  'Q4_K_S',
]
const CHARACTER_WIDTH = 6.4
const GAP = 8
const LINES = [0, 1] as const

function familiarity({ name }: Notch): number {
  const index = FAMILIAR.indexOf(name)
  return index < 0 ? FAMILIAR.length : index
}

/**
 * @param smallest bytes at the left end of the slider
 * @param largest  bytes at its right end
 * @param width    of the slider, in pixels
 * @returns the notches within the slider, smallest first
 */
export function placeNotches(
  notches: readonly Notch[],
  smallest: number,
  largest: number,
  width: number,
): readonly PlacedNotch[] {
  const inside = notches.filter(({ fileBytes }) => fileBytes >= smallest && fileBytes <= largest)
  const taken: { line: 0 | 1; from: number; to: number }[] = []
  const placed = [...inside]
    .sort((a, b) => familiarity(a) - familiarity(b))
    .map((notch): PlacedNotch => {
      const at = shareOf(notch.fileBytes, smallest, largest)
      const half = (notch.name.length * CHARACTER_WIDTH) / 2
      const [from, to] = [at * width - half, at * width + half]
      const isFree = (line: 0 | 1) =>
        !taken.some((one) => one.line === line && from < one.to + GAP && one.from < to + GAP)
      const fits = from > -half && to < width + half
      const line = fits ? (LINES.find(isFree) ?? null) : null
      if (line !== null) taken.push({ line, from, to })
      return { ...notch, at, line }
    })
  return placed.sort((a, b) => a.fileBytes - b.fileBytes)
}
