import { closeSync, copyFileSync, openSync, writeSync } from 'node:fs'
import { FileBytes } from '../../main/engine/formats/file-bytes.ts'
import { openModel } from '../../main/engine/formats/open-model.ts'
import { chooseKernels } from '../../main/engine/kernels/kernels.ts'
import { floatToHalf } from '../../main/engine/tensor/half.ts'
import { RowReader } from '../../main/engine/tensor/row-reader.ts'

/**
 * Writes a copy of an F16 model whose matrices have the values that a quantized file of it decodes to.
 *
 * F16 rounds those by 2^-12 of their size at most, a hundredth of the error of Q8_0.
 */
export function writeDecodedTwin(quantized: string, source: string, path: string): void {
  copyFileSync(source, path)
  const places = new Map(openModel(source).tensors.map((tensor) => [tensor.name, tensor]))
  const kernels = chooseKernels(true)
  const target = openSync(path, 'r+')
  try {
    FileBytes.with(quantized, (file) => {
      for (const tensor of openModel(quantized).tensors) {
        const place = places.get(tensor.name)
        if (place?.type !== 'F16') continue
        const reader = new RowReader(file, { ...tensor, littleEndian: true }, kernels)
        const halves = Uint16Array.from(reader.read(0, reader.rows), floatToHalf)
        writeSync(target, halves, 0, halves.byteLength, place.offsetBytes)
      }
    })
  } finally {
    closeSync(target)
  }
}
