import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { layoutGguf } from '../../main/engine/formats/gguf-writer.ts'
import type { Override } from '../../main/engine/formats/gguf-writer.ts'
import { openModel } from '../../main/engine/formats/open-model.ts'
import type { Tensor } from '../../main/engine/tensor/tensor.ts'
import { typeByName } from '../../main/engine/tensor/type-geometry.ts'

/** Writes a GGUF of one file as two shards that llama.cpp loads, half of the tensors in each; gives their paths. */
export function splitInTwo(path: string, folder: string): [first: string, second: string] {
  const { tensors } = openModel(path)
  const middle = Math.floor(tensors.length / 2)
  return [
    writeShard(path, folder, 0, tensors.slice(0, middle), tensors.length),
    writeShard(path, folder, 1, tensors.slice(middle), tensors.length),
  ]
}

function writeShard(
  path: string,
  folder: string,
  number: number,
  tensors: readonly Tensor[],
  all: number,
): string {
  const source = openModel(path)
  const overrides = new Map<string, Override>([
    ['split.no', { type: 'u16', value: number }],
    ['split.count', { type: 'u16', value: 2 }],
    ['split.tensors.count', { type: 'i32', value: all }],
  ])
  const placed = tensors.map(({ name, shape, type, bytes }) => ({
    name,
    shape,
    typeId: typeByName(type)!.id!,
    bytes,
  }))
  const { header, tensorOffsets, fileBytes } = layoutGguf({ source, overrides, tensors: placed })
  const whole = readFileSync(path)
  const shard = Buffer.alloc(fileBytes)
  shard.set(header)
  tensors.forEach(({ offsetBytes, bytes }, index) => {
    whole.copy(shard, tensorOffsets[index], offsetBytes, offsetBytes + bytes)
  })
  const target = join(folder, `split-0000${number + 1}-of-00002.gguf`)
  writeFileSync(target, shard)
  return target
}
