import { bitsPerWeight } from '../engine/quantizers/format.ts'
import type { Method } from '../engine/quantizers/format.ts'
import { FORMATS } from '../engine/quantizers/registry.ts'
import type { FormatInfo } from '../../preload/contract.ts'

/** The registry as plain data. */
export function formatInfos(): FormatInfo[] {
  return FORMATS.map((format) => ({
    name: format.name,
    id: format.id,
    family: format.family,
    target: format.target,
    blockSize: format.blockSize,
    blockBytes: format.blockBytes,
    bpw: bitsPerWeight(format),
    needsImportance: format.needsImportance,
    methods: Object.keys(format.methods) as Method[],
  }))
}
