import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileBytes } from '../../main/engine/formats/file-bytes.ts'
import { nativeKernels, typescriptKernels, type Kernels } from '../../main/engine/kernels/kernels.ts'
import { measureBand } from '../../main/engine/metrics/measure-band.ts'
import { encodedBytes, type Format } from '../../main/engine/quantizers/format.ts'
import { formatByName } from '../../main/engine/quantizers/registry.ts'
import { floatToHalf } from '../../main/engine/tensor/half.ts'
import { RowReader } from '../../main/engine/tensor/row-reader.ts'
import { loadGgml, type Ggml } from '../support/ggml.ts'
import { chosenFormats } from './chosen-formats.ts'
import { COLUMNS, heavyMatrix, lognormalImportance } from './heavy-matrix.ts'
import { MEGABYTE, rounded, type Row, type Suite } from './suite.ts'
import { fitted, interleaved, MOST_ROWS, type Turn } from './turns.ts'

/** One thread against `libggml-base`, on the same matrix in the same run. */
export const quantizeSuite: Suite = {
  name: 'quantize',
  title:
    'quantizers on one thread, 4096 columns of heavy-tailed weights: MB of f32 a second (decoders: of output)',
  run(folder, { formats }) {
    const chosen = chosenFormats(formats)
    const bench = new QuantizeBench(folder)
    const rows = chosen.flatMap((format) => {
      const importances = format.needsImportance ? [true] : [false, true]
      return importances.map((importance) => bench.measure(format, importance))
    })
    return Promise.resolve(rows)
  },
}

/** The matrix, in memory and as a file of halves, and the programs that are compared on it. */
class QuantizeBench {
  readonly #weights: Float32Array
  readonly #importance = lognormalImportance()
  readonly #copy = new Float32Array(MOST_ROWS * COLUMNS)
  readonly #decoded = new Float32Array(MOST_ROWS * COLUMNS)
  readonly #path: string
  readonly #ggml: Ggml | undefined = loadGgml()
  readonly #native = nativeKernels()

  constructor(folder: string) {
    this.#path = join(folder, 'matrix.bin')
    const halves = Uint16Array.from(heavyMatrix(MOST_ROWS), floatToHalf)
    writeFileSync(this.#path, halves)
    this.#weights = new Float32Array(halves.length)
    formatByName('F16')?.dequantize(new Uint8Array(halves.buffer), this.#weights)
  }

  measure(format: Format, withImportance: boolean): Row {
    const importance = withImportance ? this.#importance : null
    const bytes = new Uint8Array(encodedBytes(format, MOST_ROWS * COLUMNS))
    const turns = this.#turns(format, importance, bytes)
    const seconds = interleaved(turns)
    const mbps = (name: string): number | null => {
      const turn = turns[name]
      const taken = seconds[name]
      if (!turn || taken === undefined) return null
      return rounded((turn.rows * COLUMNS * 4) / MEGABYTE / taken)
    }
    const [native, ggml, copy, measured] = [mbps('native'), mbps('ggml'), mbps('copy'), mbps('measure')]
    return {
      format: format.name,
      importance: withImportance,
      native: { mbps: native, decodeMbps: mbps('decode native') },
      typescript: { mbps: mbps('typescript'), decodeMbps: mbps('decode typescript') },
      ggml: { mbps: ggml, decodeMbps: mbps('decode ggml') },
      ratio: native !== null && ggml !== null ? rounded(native / ggml) : null,
      /** The whole measuring pass (read F16, decode, quantize, dequantize, sums) against quantizing alone. */
      measureCost: native !== null && measured !== null ? rounded(native / measured) : null,
      copyMbps: copy,
    }
  }

  /** By name, in the order of a round. */
  #turns(format: Format, importance: Float32Array | null, bytes: Uint8Array): Readonly<Record<string, Turn>> {
    const ggml = format.name === 'F32' ? undefined : this.#ggml
    ggml?.prepare(format.id)
    const quantizing = (kernels: Kernels) => (rows: number) => {
      const out = bytes.subarray(0, encodedBytes(format, rows * COLUMNS))
      kernels.quantizeRows(format, 'reference', this.#rows(rows), COLUMNS, importance, out)
    }
    const decoding = (kernels: Kernels) => (rows: number) => {
      const encoded = bytes.subarray(0, encodedBytes(format, rows * COLUMNS))
      kernels.dequantizeRows(format, encoded, this.#decoded.subarray(0, rows * COLUMNS))
    }
    const native = this.#native
    return {
      copy: { rows: MOST_ROWS, run: () => this.#copy.set(this.#weights) },
      ...(native && {
        native: fitted(quantizing(native)),
        measure: fitted((rows) => this.#measureRows(format, importance, native, rows)),
        'decode native': fitted(decoding(native)),
      }),
      typescript: fitted(quantizing(typescriptKernels)),
      'decode typescript': fitted(decoding(typescriptKernels)),
      ...(ggml && {
        ggml: fitted((rows) => {
          const out = bytes.subarray(0, encodedBytes(format, rows * COLUMNS))
          ggml.quantizeInto(format.id, this.#rows(rows), COLUMNS, importance, out)
        }),
        'decode ggml': fitted((rows) => {
          const encoded = bytes.subarray(0, encodedBytes(format, rows * COLUMNS))
          ggml.dequantizeInto(format.name, encoded, this.#decoded.subarray(0, rows * COLUMNS))
        }),
      }),
    }
  }

  #rows(rows: number): Float32Array {
    return this.#weights.subarray(0, rows * COLUMNS)
  }

  #measureRows(format: Format, importance: Float32Array | null, kernels: Kernels, rows: number): void {
    const source = {
      name: 'matrix',
      type: 'F16',
      shape: [COLUMNS, rows],
      offsetBytes: 0,
      littleEndian: true,
    }
    FileBytes.with(this.#path, (file) => {
      measureBand({
        reader: new RowReader(file, source, kernels),
        kernels,
        band: { firstRow: 0, rows },
        sample: 1,
        targets: [{ format, method: 'reference' }],
        importance,
        covariance: null,
        step: () => undefined,
      })
    })
  }
}
