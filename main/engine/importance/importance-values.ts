import type { ByteReader } from '../formats/byte-reader.ts'
import type { ImportanceEntry } from './imatrix.ts'

/** Reads a run of f32 from the reader's position; the caller has bounded `count`. */
export function readFloats(reader: ByteReader, count: number, what: string): Float32Array {
  const bytes = reader.bytes(count * 4, what)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: count }, (_, index) => view.getFloat32(index * 4, reader.littleEndian))
}

/**
 * Divides sums of squares by the counts of their experts, in place and in single precision as llama.cpp does. An expert
 * with count 0 gets ones. NaN and infinite sums, which an overflowing model leaves behind, stay: the other entries of
 * the file are sound, and `matchImportance` tells which one is not.
 *
 * @param sums   f32[experts x columns]
 * @param counts one per expert
 * @param offset where the sums begin in the file, for errors
 * @throws QuantaloupeError `BAD_IMPORTANCE` naming entry and index of a negative value
 */
export function averageSums(
  reader: ByteReader,
  name: string,
  sums: Float32Array,
  counts: readonly number[],
  offset: number,
): ImportanceEntry {
  const negative = sums.findIndex((value) => value < 0)
  if (negative >= 0) {
    const message = `Value ${negative} of the importance of ${name} is ${sums[negative]}`
    const expected = 'a number that is not negative'
    throw reader.error('BAD_IMPORTANCE', message, offset + negative * 4, expected, {
      remedy: 'Make the importance matrix again.',
    })
  }
  const columns = sums.length / counts.length
  counts.forEach((count, expert) => {
    const slice = sums.subarray(expert * columns, (expert + 1) * columns)
    if (count === 0) slice.fill(1)
    else slice.forEach((sum, column) => (slice[column] = sum / count))
  })
  const emptyExperts = counts.flatMap((count, expert) => (count === 0 ? [expert] : []))
  return { values: sums, experts: counts.length, emptyExperts }
}
