/** Seeded rows of weights of the kinds that break quantizers. */

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Standard normal numbers (Box-Muller). */
export function seededNormal(seed: number): () => number {
  const random = seededRandom(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** A weight; `row` is a number in [0, 1) of the row's own. */
type Fill = (random: () => number, normal: () => number, column: number, row: number) => number

const word = new DataView(new ArrayBuffer(4))

/** Any finite f32, every bit pattern as likely as another. */
function anyFloat(random: () => number): number {
  for (;;) {
    word.setUint32(0, Math.floor(random() * 2 ** 32))
    const value = word.getFloat32(0)
    if (Number.isFinite(value)) return value
  }
}

/** Row kinds by name; every value is finite in f32. */
export const ROW_KINDS = {
  gauss: (_random, normal) => 0.02 * normal(),
  heavy: (random, normal) => (0.02 * normal()) / Math.sqrt(0.02 + random() ** 2),
  zeros: () => 0,
  'negative zeros': (random) => (random() < 0.5 ? -0 : 0),
  constant: () => 0.37,
  'positive only': (_random, normal) => Math.abs(normal()),
  'negative only': (_random, normal) => -1 - Math.abs(normal()),
  'one outlier per block': (_random, normal, column) => (column % 32 === 7 ? 1000 : 0.02 * normal()),
  'rounding ties': (random) => (Math.floor(random() * 257) - 128) / 128,
  'multiples of a third': (random) => Math.fround(Math.floor(random() * 15) / 3),
  'blocks of zeros': (_random, normal, column) => (Math.floor(column / 32) % 3 === 1 ? 0 : normal()),
  denormals: (_random, normal) => 1e-41 * normal(),
  'barely normal': (_random, normal) => 3e-38 * normal(),
  'scale underflows f16': (_random, normal) => 1e-9 * normal(),
  'sub-blocks of many sizes': (_random, normal, column) =>
    normal() * 10 ** -((Math.floor(column / 16) * 7) % 23),
  'scale overflows f16': (_random, normal) => 1e7 * normal(),
  'squares overflow': (_random, normal) => 1e25 * normal(),
  'few levels': (random) => [-1, -0.5, 0, 0.25][Math.floor(random() * 4)] ?? 0,
  'one outlier in the row': (_random, normal, column, row) =>
    column === Math.floor(row * 256) ? -300 : 0.02 * normal(),
  'a size of its own for each row': (_random, normal, _column, row) => normal() * 10 ** (20 * row - 12),
  'any bits': (random) => anyFloat(random),
  'levels from negative zero down': (random, _normal, _column, row) => -row * Math.floor(random() * 3),
} as const satisfies Record<string, Fill>

export type RowKind = keyof typeof ROW_KINDS

export function randomRow(kind: RowKind, length: number, seed: number): Float32Array {
  const random = seededRandom(seed)
  const normal = seededNormal(seed + 1)
  const row = random()
  const fill: Fill = ROW_KINDS[kind]
  return Float32Array.from({ length }, (_, column) => fill(random, normal, column, row))
}

/** Rows of one kind, one after the other. */
export function randomRows(kind: RowKind, rows: number, length: number, seed: number): Float32Array {
  const weights = new Float32Array(rows * length)
  for (let row = 0; row < rows; row += 1) weights.set(randomRow(kind, length, seed + 2 * row), row * length)
  return weights
}

const IMPORTANCE_KINDS: Record<string, Fill> = {
  lognormal: (_random, normal) => Math.exp(normal()),
  'scattered zeros': (random, normal) => (random() < 0.2 ? 0 : Math.exp(2 * normal())),
  'a block of zeros': (random, _normal, column) => (column >= 32 && column < 64 ? 0 : random()),
  'one column only': (_random, _normal, column) => (column === 5 ? 10000 : 0),
  'all zero': () => 0,
  tiny: (random) => 1e-30 * random(),
  'nearly all zero': (random) => (random() < 0.92 ? 0 : random()),
}

export const IMPORTANCE_NAMES = Object.keys(IMPORTANCE_KINDS)

export function randomImportance(kind: string, length: number, seed: number): Float32Array {
  const fill = IMPORTANCE_KINDS[kind]
  if (!fill) throw new Error(`No importance kind ${kind}`)
  const random = seededRandom(seed)
  const normal = seededNormal(seed + 1)
  const row = random()
  return Float32Array.from({ length }, (_, column) => fill(random, normal, column, row))
}
