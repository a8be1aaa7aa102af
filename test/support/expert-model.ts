import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ByteSink } from './byte-sink.ts'
import { buildGguf } from './gguf-builder.ts'
import { floatTensor } from './services.ts'

export const EXPERTS = 3
export const EXPERT_COLUMNS = 256
export const EXPERT_ROWS = 8
/** A stack of experts in the model of {@link writeExpertModel}. */
export const EXPERT_STACK = 'blk.0.ffn_down_exps.weight'

/** A mixture-of-experts model: two stacks of experts, an attention matrix, and rows that no block of 256 divides. */
export function writeExpertModel(folder: string): string {
  const path = join(folder, 'experts.gguf')
  const stack = [EXPERT_COLUMNS, EXPERT_ROWS, EXPERTS]
  const tensors = [
    floatTensor('token_embd.weight', [EXPERT_COLUMNS, 16], 1),
    floatTensor('blk.0.attn_q.weight', [EXPERT_COLUMNS, 16], 2),
    floatTensor('blk.0.attn_output.weight', [96, 16], 3),
    floatTensor(EXPERT_STACK, stack, 4),
    floatTensor('blk.0.ffn_up_exps.weight', stack, 5),
  ]
  const metadata = [
    ['general.architecture', 'string', 'llama'],
    ['llama.block_count', 'u32', 1],
    ['llama.expert_count', 'u32', EXPERTS],
  ] as const
  writeFileSync(path, buildGguf({ metadata, tensors }))
  return path
}

/** Sums of squares by tensor, one run of columns for each expert, and how many activations each expert met. */
export type ImatrixEntries = Readonly<
  Record<string, { readonly sums: Float32Array; readonly counts: readonly number[] }>
>

/** An imatrix as llama.cpp writes it: GGUF with a count for each expert, or the legacy form with one for all. */
export function writeImatrix(folder: string, kind: 'gguf' | 'legacy', entries: ImatrixEntries): string {
  const path = join(folder, kind === 'gguf' ? 'imatrix.gguf' : 'imatrix.dat')
  writeFileSync(path, kind === 'gguf' ? ggufImatrix(entries) : legacyImatrix(entries))
  return path
}

function ggufImatrix(entries: ImatrixEntries): Uint8Array {
  const tensors = Object.entries(entries).flatMap(([name, { sums, counts }]) => [
    {
      name: `${name}.in_sum2`,
      shape: [sums.length / counts.length, counts.length],
      data: new ByteSink().f32(...sums).bytes,
    },
    { name: `${name}.counts`, shape: [1, counts.length], data: new ByteSink().f32(...counts).bytes },
  ])
  return buildGguf({ metadata: [['general.type', 'string', 'imatrix']], tensors })
}

function legacyImatrix(entries: ImatrixEntries): Uint8Array {
  const sink = new ByteSink().i32(Object.keys(entries).length)
  for (const [name, { sums, counts }] of Object.entries(entries)) {
    sink
      .i32(name.length)
      .ascii(name)
      .i32(counts[0] ?? 0)
    sink.i32(sums.length).f32(...sums)
  }
  return sink.bytes
}
