import { weightCount } from '../tensor/tensor.ts'
import { typeByName } from '../tensor/type-geometry.ts'
import { fileTypeById } from './file-type.ts'
import { MAX_NAME_BYTES } from './limits.ts'
import type { Finding, Model } from './model.ts'
import type { Tensor } from '../tensor/tensor.ts'

type Parts = Omit<Model, 'parameters' | 'bytes' | 'bpw'>

/** Adds the totals and the findings that need the whole model. */
export function assembleModel(parts: Parts): Model {
  const parameters = parts.tensors.reduce((sum, tensor) => sum + weightCount(tensor), 0)
  const tensorBytes = parts.tensors.reduce((sum, tensor) => sum + tensor.bytes, 0)
  return {
    ...parts,
    parameters,
    bytes: parts.files.reduce((sum, file) => sum + file.bytes, 0),
    bpw: parameters === 0 ? 0 : (tensorBytes * 8) / parameters,
    warnings: [...parts.warnings, ...tensorFindings(parts), ...labelFindings(parts)],
  }
}

function tensorFindings({ container, tensors }: Parts): Finding[] {
  const findings: Finding[] = []
  for (const tensor of tensors) {
    if (typeByName(tensor.type) === undefined) {
      const message = `${tensor.name} is stored as ${tensor.type} and cannot be decoded`
      findings.push({ code: 'UNKNOWN_TYPE', message, tensor: tensor.name })
    }
    if (tensor.shape.includes(0)) {
      findings.push({ code: 'EMPTY_TENSOR', message: `${tensor.name} has no weights`, tensor: tensor.name })
    }
  }
  const longest = tensors.find(
    (tensor) => container === 'gguf' && Buffer.byteLength(tensor.name) > MAX_NAME_BYTES,
  )
  if (longest !== undefined) {
    const message = `The name ${longest.name} is longer than ${MAX_NAME_BYTES} bytes: llama.cpp refuses such files`
    findings.push({ code: 'LONG_NAME', message, tensor: longest.name })
  }
  const quantized = tensors.filter(
    (tensor) => tensor.quantizable && typeByName(tensor.type)?.kind === 'quantized',
  )
  if (quantized.length > 0) {
    const message = `${quantized.length} tensors are quantized already: quantizing them again adds to their error`
    findings.push({ code: 'QUANTIZED_SOURCE', message })
  }
  return findings
}

/** Loaders guess the label from tensor counts, so mixes often carry a wrong one. */
function labelFindings({ metadata, tensors }: Parts): Finding[] {
  const stored = metadata.get('general.file_type')?.value
  const label = typeof stored === 'number' ? fileTypeById(stored) : undefined
  const dominant = dominantType(tensors)
  if (label === undefined || dominant === null || label.type === dominant) return []
  const message = `general.file_type says ${label.label}, but most bytes are stored as ${dominant}`
  return [{ code: 'FILE_TYPE_MISMATCH', message }]
}

/** The stored type that holds most bytes of the quantizable tensors. */
function dominantType(tensors: readonly Tensor[]): string | null {
  const bytes = new Map<string, number>()
  for (const tensor of tensors) {
    if (tensor.quantizable) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes)
  }
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null
}
