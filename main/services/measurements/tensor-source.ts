import type { Model } from '../../engine/formats/model.ts'
import type { ModelFile } from '../../engine/formats/model.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { TensorSource } from '../../workers/protocol.ts'

function fileOf(model: Model, tensor: Tensor): ModelFile {
  const file = model.files[tensor.file]
  if (!file) throw new Error(`${tensor.name} lies in file ${tensor.file} of ${model.files.length}`)
  return file
}

/** What a worker needs to find a tensor's bytes. */
export function tensorSource(model: Model, tensor: Tensor): TensorSource {
  const { name, type, shape, offsetBytes, bytes } = tensor
  return {
    name,
    file: fileOf(model, tensor),
    type,
    shape,
    offsetBytes,
    bytes,
    littleEndian: model.littleEndian,
  }
}
