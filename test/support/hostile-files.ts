import { ByteSink } from './byte-sink.ts'
import { hostileGgufFiles } from './hostile-gguf.ts'
import { hostileImportanceFiles } from './hostile-importance.ts'
import { hostileSafetensorsFiles } from './hostile-safetensors.ts'

/** A crafted file and the error it has to give. */
export interface HostileFile {
  /** What is wrong with it. */
  readonly name: string
  readonly kind: 'gguf' | 'safetensors' | 'imatrix'
  readonly bytes: Uint8Array
  /** Length of the file when it is longer than its bytes; the rest is a hole. */
  readonly size?: number
  readonly code: string
  /** Where the error points. */
  readonly offset: number
}

/** Writes the file into a sink and marks the place of the fault. */
export type Craft = (sink: ByteSink) => void

export function craftFile(
  kind: HostileFile['kind'],
  code: string,
  name: string,
  craft: Craft,
  options: { readonly size?: number; readonly littleEndian?: boolean } = {},
): HostileFile {
  const sink = new ByteSink(options.littleEndian ?? true)
  craft(sink)
  if (sink.marked === null) throw new Error(`${name} marks no place`)
  const size = options.size === undefined ? {} : { size: options.size }
  return { name, kind, code, bytes: sink.bytes, offset: sink.marked, ...size }
}

/**
 * One file for each known way to break a reader of model files; the tables of `hostile-*.ts` name the published
 * faults they stand for.
 */
export function hostileFiles(): readonly HostileFile[] {
  return [...hostileGgufFiles(), ...hostileSafetensorsFiles(), ...hostileImportanceFiles()]
}
