import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { QuantaloupeError } from '../errors.ts'
import { isQuantizable } from '../tensor/quantizable.ts'
import { parseTensorName } from '../tensor/tensor-name.ts'
import { typeByDtype } from '../tensor/type-geometry.ts'
import { assembleModel } from './assemble.ts'
import { readConfig } from './config-json.ts'
import { FileBytes } from './file-bytes.ts'
import { checkIndex, readWeightMap } from './safetensors-index.ts'
import { readSafetensorsHeader } from './safetensors-header.ts'
import type { Finding, MetadataEntry, Model, ModelFile } from './model.ts'
import type { SafetensorsEntry, SafetensorsHeader } from './safetensors-header.ts'
import type { Tensor } from '../tensor/tensor.ts'

interface Shard {
  readonly file: ModelFile
  readonly header: SafetensorsHeader
}

interface Source {
  /** What the user named. */
  readonly path: string
  readonly name: string
  readonly shards: readonly Shard[]
  /** Null where there is none. */
  readonly configPath: string | null
}

/** Opens one safetensors file; `configPath` is the configuration it belongs to. */
export function openSafetensors(path: string, filePath: string, configPath: string | null): Model {
  const name = path === filePath ? basename(path, '.safetensors') : basename(path)
  return buildModel({ path, name, shards: [readShard(filePath, 0)], configPath })
}

/**
 * Opens all files that a `model.safetensors.index.json` names.
 *
 * @throws QuantaloupeError `SHARD_MISSING` naming the file, `INDEX_MISMATCH`
 */
export function openIndexed(path: string, indexPath: string, configPath: string | null): Model {
  const folder = dirname(indexPath)
  return FileBytes.with(indexPath, (index) => {
    const map = readWeightMap(index)
    const names = [...new Set(map.values())].sort()
    const shards = names.map((name, number) => readShard(existing(join(folder, name)), number))
    const named = shards.map((shard) => ({ name: basename(shard.file.path), header: shard.header }))
    checkIndex(index, map, named)
    return buildModel({ path, name: basename(folder), shards, configPath })
  })
}

function existing(path: string): string {
  if (existsSync(path)) return path
  throw new QuantaloupeError('SHARD_MISSING', 'A file that the index names is missing', {
    place: path,
    expected: 'all files of the model in one folder',
    remedy: 'Download or move the missing file there.',
  })
}

function readShard(path: string, index: number): Shard {
  return FileBytes.with(path, (file) => ({
    file: file.identify(),
    header: readSafetensorsHeader(file, index),
  }))
}

function buildModel({ path, name, shards, configPath }: Source): Model {
  const files = shards.map((shard) => shard.file)
  const entries = shards.flatMap((shard) => shard.header.metadata)
  const warnings: Finding[] = []
  if (configPath !== null) {
    FileBytes.with(configPath, (file) => {
      const config = readConfig(file, files.length)
      entries.push(...config.entries)
      warnings.push(...config.warnings)
      files.push(file.identify())
    })
  }
  const metadata = firstOfEach(entries)
  const architecture = architectureOf(metadata)
  const tensors = shards.flatMap((shard, file) =>
    shard.header.tensors.map((entry) => describe(entry, file, architecture)),
  )
  warnings.push(...packedFindings(metadata))
  return assembleModel({
    container: 'safetensors',
    path,
    name,
    littleEndian: true,
    files,
    architecture,
    tensors,
    metadata,
    warnings,
  })
}

/** Shards repeat the same `__metadata__`. */
function firstOfEach(entries: readonly MetadataEntry[]): Map<string, MetadataEntry> {
  const metadata = new Map<string, MetadataEntry>()
  for (const entry of entries) {
    if (!metadata.has(entry.key)) metadata.set(entry.key, entry)
  }
  return metadata
}

function architectureOf(metadata: ReadonlyMap<string, MetadataEntry>): string | null {
  const value = metadata.get('config.model_type')?.value ?? metadata.get('config.architectures.0')?.value
  return typeof value === 'string' && value !== '' ? value : null
}

function describe(entry: SafetensorsEntry, file: number, architecture: string | null): Tensor {
  const { name, dtype, shape, offsetBytes, bytes } = entry
  const type = typeByDtype(dtype)?.name ?? `${dtype} (unknown)`
  const { canonicalName, layer, role } = parseTensorName(name, architecture)
  const quantizable = isQuantizable(canonicalName, shape, type)
  return { name, shape, type, file, offsetBytes, bytes, layer, role, quantizable }
}

/** GPTQ, AWQ, fp8 and the like: the tensors are codes, not weights. */
function packedFindings(metadata: ReadonlyMap<string, MetadataEntry>): Finding[] {
  const method = metadata.get('config.quantization_config.quant_method')?.value
  if (typeof method !== 'string') return []
  const message = `The weights are packed by ${method}: their values are codes that this program does not unpack`
  return [{ code: 'PACKED_SOURCE', message }]
}
