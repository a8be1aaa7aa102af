/** Directions in space. A face of the cube is seen from its centre: the first component is 1. */
export type Vector = readonly [x: number, y: number, z: number]
export type Point = readonly [y: number, z: number]

/** Between two vectors, in radians; exact to rounding for small angles too. */
export function angleBetween([x, y, z]: Vector, [a, b, c]: Vector): number {
  const cross = Math.hypot(y * c - z * b, z * a - x * c, x * b - y * a)
  return Math.atan2(cross, x * a + y * b + z * c)
}

function divisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : divisor(b, a % b)
}

/** The shortest vector of whole numbers in the same direction; (0, 0, 0) stays. */
export function primitive([x, y, z]: Vector): Vector {
  const common = divisor(divisor(x, y), z) || 1
  // Adding 0 makes 0 of -0.
  return [x / common + 0, y / common + 0, z / common + 0]
}

export function unit([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z)
  return [x / length, y / length, z / length]
}

export function degrees(radians: number): number {
  return (radians * 180) / Math.PI
}
