import { ByteReader } from '../formats/byte-reader.ts'
import { FileBytes } from '../formats/file-bytes.ts'
import { readSafetensorsHeader } from '../formats/safetensors-header.ts'
import type { ModelFile } from '../formats/model.ts'
import type { SafetensorsEntry } from '../formats/safetensors-header.ts'

/** Largest matrix read: 2 GiB of f64. */
const MAX_COLUMNS = 16_384

/** How far apart mirrored elements may be, against the geometric mean of their diagonal elements. */
const SYMMETRY_TOLERANCE = 1e-4

/** A file of input second moments, one matrix for each distinct layer input; matrices are read on demand. */
export interface CovarianceFile {
  readonly file: ModelFile
  /** Where the matrix of a tensor is stored; tensors may share one. */
  entry(tensor: string): SafetensorsEntry | undefined
  /** Tensor names, aliases included. */
  keys(): IterableIterator<string>
  /**
   * The full matrix of a tensor, f64[n x n]; undefined for a tensor without one.
   *
   * @throws QuantaloupeError `BAD_COVARIANCE` naming row and column, `FILE_CHANGED`
   */
  get(tensor: string): Float64Array | undefined
}

/**
 * Opens a covariance file: safetensors of F32 or F64, keyed by GGUF tensor name. A 2-D tensor is the whole symmetric
 * matrix, a 1-D tensor its lower triangle row by row. `__metadata__.aliases` is a JSON object from the name of a
 * tensor to the key that holds its matrix.
 *
 * @throws QuantaloupeError `BAD_COVARIANCE` for other shapes and types, and those of the safetensors reader
 */
export function readCovariance(path: string): CovarianceFile {
  return FileBytes.with(path, (file) => {
    const header = readSafetensorsHeader(file)
    const reader = new ByteReader(file)
    const places = new Map(header.tensors.map((entry) => [entry.name, checkedPlace(reader, entry)]))
    const aliases = header.metadata.find((entry) => entry.key === 'aliases')?.value
    for (const [name, target] of parseAliases(reader, aliases)) {
      const place = places.get(target)
      if (place === undefined) throw bad(reader, `The alias ${name} leads to ${target}, which is missing`, 8)
      places.set(name, place)
    }
    const identity = file.identify()
    return {
      file: identity,
      entry: (tensor) => places.get(tensor)?.entry,
      keys: () => places.keys(),
      get: (tensor) => {
        const place = places.get(tensor)
        return place === undefined ? undefined : readMatrix(identity, place)
      },
    }
  })
}

/** A matrix in the file; `entry` is the tensor that holds it. */
interface Place {
  readonly entry: SafetensorsEntry
  readonly columns: number
  readonly isPacked: boolean
}

function bad(reader: ByteReader, message: string, offset: number) {
  return reader.error('BAD_COVARIANCE', message, offset, 'a symmetric matrix of finite numbers', {
    remedy: 'Make the covariances again.',
  })
}

function checkedPlace(reader: ByteReader, entry: SafetensorsEntry): Place {
  const [columns = 0, rows] = entry.shape
  const isPacked = entry.shape.length === 1
  const size = isPacked ? Math.round((Math.sqrt(8 * columns + 1) - 1) / 2) : columns
  const isWhole = isPacked
    ? (size * (size + 1)) / 2 === columns
    : entry.shape.length === 2 && rows === columns
  const isFloat = entry.dtype === 'F32' || entry.dtype === 'F64'
  if (isWhole && isFloat && size > 0 && size <= MAX_COLUMNS) return { entry, columns: size, isPacked }
  throw bad(reader, `${entry.name} is ${entry.dtype} [${entry.shape.join(', ')}]`, entry.infoOffset)
}

function parseAliases(reader: ByteReader, text: unknown): [string, string][] {
  if (typeof text !== 'string') return []
  try {
    const parsed: unknown = JSON.parse(text)
    const entries = Object.entries(parsed ?? {})
    if (entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) return entries
  } catch {
    // Reported below, like an object of something else.
  }
  throw bad(reader, 'The aliases are not a JSON object of names', 8)
}

function readMatrix(file: ModelFile, { entry, columns, isPacked }: Place): Float64Array {
  return FileBytes.with(file.path, (bytes) => {
    bytes.checkUnchanged(file)
    const reader = new ByteReader(bytes)
    const values = readNumbers(bytes.read(entry.offsetBytes, entry.bytes), entry.dtype)
    const matrix = isPacked ? unpack(values, columns) : Float64Array.from(values)
    checkMatrix(reader, entry, matrix, columns)
    return matrix
  })
}

function readNumbers(bytes: Uint8Array, dtype: string): Float32Array | Float64Array {
  return dtype === 'F32' ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer)
}

/** Element (i, j), j <= i, of the triangle is at i (i + 1) / 2 + j. */
function unpack(triangle: Float32Array | Float64Array, columns: number): Float64Array {
  const matrix = new Float64Array(columns * columns)
  let index = 0
  for (let row = 0; row < columns; row++) {
    for (let column = 0; column <= row; column++) {
      const value = triangle[index++] ?? 0
      matrix[row * columns + column] = value
      matrix[column * columns + row] = value
    }
  }
  return matrix
}

function checkMatrix(
  reader: ByteReader,
  entry: SafetensorsEntry,
  matrix: Float64Array,
  columns: number,
): void {
  const at = (row: number, column: number) => matrix[row * columns + column] ?? NaN
  const fail = (row: number, column: number, what: string) =>
    bad(reader, `Row ${row}, column ${column} of ${entry.name} is ${what}`, entry.offsetBytes)
  for (let row = 0; row < columns; row++) {
    if (!(at(row, row) >= 0 && at(row, row) < Infinity)) throw fail(row, row, `${at(row, row)}`)
    for (let column = 0; column < row; column++) {
      const value = at(row, column)
      if (!Number.isFinite(value)) throw fail(row, column, `${value}`)
      const tolerance = SYMMETRY_TOLERANCE * Math.sqrt(at(row, row) * at(column, column))
      // Written so that a mirrored element that is not a number fails too.
      if (!(Math.abs(value - at(column, row)) <= tolerance)) {
        throw fail(row, column, `${value}, and ${at(column, row)} on the other side of the diagonal`)
      }
    }
  }
}
