import { fileTypeOf } from '../../engine/allocation/file-type-of.ts'
import type { Model } from '../../engine/formats/model.ts'
import { typeByName } from '../../engine/tensor/type-geometry.ts'
import { measureExport } from '../exports/output-layout.ts'
import type { ImatrixOrigin } from '../measurements/statistics-files.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'

/**
 * Bytes in front of the tensors of an exported file.
 *
 * They depend little on the choices: on whether anything is changed, whether a tensor is quantized and whether the file gets
 * a `general.file_type`. So one measurement stands for all choices that are alike in this.
 */
export class HeaderSizes {
  readonly #model: Model
  readonly #origin: ImatrixOrigin | null
  readonly #known = new Map<string, number>()

  constructor(model: Model, origin: ImatrixOrigin | null) {
    this.#model = model
    this.#origin = origin
  }

  /** @throws QuantaloupeError as `measureExport` */
  of(resolved: readonly ResolvedTensor[]): number {
    const kind = kindOf(resolved)
    const known = this.#known.get(kind)
    if (known !== undefined) return known
    const { headerBytes } = measureExport(this.#model, resolved, { imatrix: this.#origin })
    this.#known.set(kind, headerBytes)
    return headerBytes
  }
}

function kindOf(resolved: readonly ResolvedTensor[]): string {
  if (resolved.every(({ change }) => change === null)) return 'copy'
  const types = resolved.map(({ tensor, change, bytes }) => ({
    format: change?.format.name ?? tensor.type,
    bytes,
  }))
  const isQuantized = types.some(({ format }) => typeByName(format)?.kind === 'quantized')
  return `${fileTypeOf(types) === null ? 'no file type' : 'file type'}, ${isQuantized ? 'quantized' : 'floats'}`
}
