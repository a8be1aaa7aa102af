import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './imports.ts'

const FOLDER = join(ROOT, '../shared/golden/mainline')

/** Output of ggml for 8 rows of 512 weights. */
export interface GoldenCase {
  readonly id: number
  readonly type: string
  readonly input: string
  readonly withImportance: boolean
  readonly rowBytes: number
  readonly weights: Float32Array
  readonly importance: Float32Array | null
  readonly quantized: Uint8Array
  readonly dequantized: Float32Array
}

interface Index {
  readonly inputs: Record<string, { readonly file: string; readonly imatrix: string }>
  readonly cases: readonly {
    readonly id: number
    readonly type: string
    readonly input: string
    readonly imatrix: boolean
    readonly row_bytes: number
    readonly quantized: string
    readonly dequantized: string
    readonly reference_fails?: boolean
  }[]
}

export const GOLDEN_ROW_LENGTH = 512
export const hasGolden = existsSync(join(FOLDER, 'index.json'))

function readBytes(file: string): Uint8Array {
  return Uint8Array.from(readFileSync(join(FOLDER, file)))
}

function readFloats(file: string): Float32Array {
  return new Float32Array(readBytes(file).buffer)
}

/** The golden cases of the given ggml type ids; none where the folder beside the checkout is absent. */
export function goldenCases(ids: ReadonlySet<number>): GoldenCase[] {
  if (!hasGolden) return []
  const index = JSON.parse(readFileSync(join(FOLDER, 'index.json'), 'utf8')) as Index
  return index.cases
    .filter((entry) => ids.has(entry.id) && !entry.reference_fails)
    .map((entry) => {
      const input = index.inputs[entry.input]!
      return {
        id: entry.id,
        type: entry.type,
        input: entry.input,
        withImportance: entry.imatrix,
        rowBytes: entry.row_bytes,
        weights: readFloats(input.file),
        importance: entry.imatrix ? readFloats(input.imatrix) : null,
        quantized: readBytes(entry.quantized),
        dequantized: readFloats(entry.dequantized),
      }
    })
}
