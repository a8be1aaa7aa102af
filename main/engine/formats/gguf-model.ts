import { basename } from 'node:path'

import { QuantaloupeError } from '../errors.ts'
import { isQuantizable } from '../tensor/quantizable.ts'
import { parseTensorName } from '../tensor/tensor-name.ts'
import { typeById } from '../tensor/type-geometry.ts'
import { assembleModel } from './assemble.ts'
import { FileBytes } from './file-bytes.ts'
import { readGgufHeader } from './gguf-header.ts'
import { readShards, shardName } from './gguf-split.ts'
import type { GgufShard } from './gguf-split.ts'
import type { Model } from './model.ts'
import type { PlacedTensor } from './gguf-placement.ts'
import type { Tensor } from '../tensor/tensor.ts'

function readShard(path: string, index: number): GgufShard {
  return FileBytes.with(path, (file) => ({ file: file.identify(), header: readGgufHeader(file, index) }))
}

/**
 * Opens a GGUF model: one file, or all shards of a split when `path` is any of them.
 *
 * @throws QuantaloupeError `NOT_A_MODEL` for an importance matrix; see `README.md` for the rest
 */
export function openGguf(path: string): Model {
  const shards = readShards(path, readShard)
  const first = shards[0]
  const { metadata, littleEndian } = first.header
  const text = (key: string) => {
    const value = metadata.get(key)?.value
    return typeof value === 'string' && value !== '' ? value : null
  }
  if (text('general.type') === 'imatrix') throw importanceError(path)
  const architecture = text('general.architecture')
  const tensors = shards.flatMap((shard, file) =>
    shard.header.tensors.map((tensor) => describe(tensor, file, architecture)),
  )
  return assembleModel({
    container: 'gguf',
    path,
    name: text('general.name') ?? shardName(basename(first.file.path))?.prefix ?? basename(path, '.gguf'),
    littleEndian,
    files: shards.map((shard) => shard.file),
    architecture,
    tensors,
    metadata,
    warnings: shards.flatMap((shard) => shard.header.warnings),
  })
}

function describe(placed: PlacedTensor, file: number, architecture: string | null): Tensor {
  const { name, shape, offsetBytes, bytes } = placed
  const type = typeById(placed.typeId)?.name ?? `type ${placed.typeId} (unknown)`
  const { canonicalName, layer, role } = parseTensorName(name, architecture)
  const quantizable = isQuantizable(canonicalName, shape, type)
  return { name, shape, type, file, offsetBytes, bytes, layer, role, quantizable }
}

function importanceError(path: string): QuantaloupeError {
  return new QuantaloupeError('NOT_A_MODEL', 'This is an importance matrix, not a model', {
    place: path,
    expected: 'a model',
    remedy: 'Open a model, and use this file as its importance matrix.',
  })
}
