/** What rounding is judged on: the matrices of the sample model, and blocks of known distributions. */
import { join } from 'node:path'
import { FileBytes } from '../../main/engine/formats/file-bytes.ts'
import { openModel } from '../../main/engine/formats/open-model.ts'
import { matchImportance } from '../../main/engine/importance/match-importance.ts'
import { readImatrix } from '../../main/engine/importance/read-imatrix.ts'
import { typescriptKernels } from '../../main/engine/kernels/kernels.ts'
import { RowReader } from '../../main/engine/tensor/row-reader.ts'
import { ROOT } from '../support/imports.ts'
import { seededNormal, seededRandom } from '../support/random-rows.ts'

const SAMPLE = join(ROOT, 'test/models/novelist-7m')

/** Rows of weights that share one importance vector. */
export interface RoundedMatrix {
  /** f32[rows * rowLength]. */
  readonly weights: Float32Array
  readonly rowLength: number
  /** f32[rowLength], null where the imatrix does not cover the tensor, or none is wanted. */
  readonly importance: Float32Array | null
}

/** Every matrix of the sample model that can be quantized, with its imatrix. */
export function sampleMatrices(): readonly RoundedMatrix[] {
  const path = join(SAMPLE, 'novelist-7m-f16.gguf')
  const model = openModel(path)
  const { vectors } = matchImportance(model, readImatrix(join(SAMPLE, 'imatrix.gguf')))
  const matrices = model.tensors.filter(({ quantizable }) => quantizable)
  return FileBytes.with(path, (file) =>
    matrices.map((tensor) => {
      const reader = new RowReader(file, { ...tensor, littleEndian: true }, typescriptKernels)
      const importance = vectors.get(tensor.name) ?? null
      return { weights: reader.read(0, reader.rows), rowLength: reader.rowLength, importance }
    }),
  )
}

const ROW_LENGTH = 4096
const ROWS = 32

/** Unit variance does not matter: no method has a scale of its own. */
const DISTRIBUTIONS: Readonly<Record<string, (normal: () => number, random: () => number) => number>> = {
  gauss: (normal) => normal(),
  laplace: (_normal, random) => Math.log(1 - random()) * (random() < 0.5 ? -1 : 1),
  student5: (normal) => {
    let squares = 0
    for (let i = 0; i < 5; i += 1) squares += normal() ** 2
    return normal() / Math.sqrt(squares / 5)
  },
}

export const DISTRIBUTION_NAMES = Object.keys(DISTRIBUTIONS)

/** 131,072 independent weights, without importance. */
export function randomMatrix(distribution: string): RoundedMatrix {
  const draw = DISTRIBUTIONS[distribution]
  if (!draw) throw new Error(`No distribution ${distribution}`)
  const [normal, random] = [seededNormal(5), seededRandom(6)]
  const weights = Float32Array.from({ length: ROWS * ROW_LENGTH }, () => draw(normal, random))
  return { weights, rowLength: ROW_LENGTH, importance: null }
}
