import type { FormatInfo, Job, Measurement, ModelSummary, Tensor } from '../../preload/contract.ts'

/** Plain data as the host sends it to the window. */
export function tensorOf(name: string, change: Partial<Tensor> = {}): Tensor {
  const layer = /^blk\.(\d+)\./.exec(name)?.[1]
  return {
    name,
    shape: [256, 128],
    type: 'F16',
    file: 0,
    offsetBytes: 0,
    bytes: 65_536,
    layer: layer === undefined ? null : Number(layer),
    role: name.replace(/^blk\.\d+\./, '').replace(/\.weight$/, ''),
    quantizable: !name.includes('norm'),
    ...change,
  }
}

const ROLES = [
  'attn_norm',
  'attn_q',
  'attn_k',
  'attn_v',
  'attn_output',
  'ffn_norm',
  'ffn_gate',
  'ffn_up',
  'ffn_down',
]

/** Layers of a llama between its two global matrices. */
export function llamaTensors(layers: number): readonly Tensor[] {
  const blocks = Array.from({ length: layers }, (_none, layer) =>
    ROLES.map((role) => tensorOf(`blk.${layer}.${role}.weight`)),
  )
  return [tensorOf('token_embd.weight'), ...blocks.flat(), tensorOf('output.weight')]
}

export function modelOf(id: string, change: Partial<ModelSummary> = {}): ModelSummary {
  return {
    id,
    container: 'gguf',
    path: `/models/${id}.gguf`,
    name: id,
    files: [{ path: `/models/${id}.gguf`, bytes: 1_000_000 }],
    architecture: 'llama',
    parameters: 500_000,
    bytes: 1_000_000,
    bpw: 16,
    tensorCount: 20,
    layerCount: 2,
    types: [{ type: 'F16', bytes: 1_000_000, tensors: 20 }],
    imatrix: null,
    warnings: [],
    ...change,
  }
}

export function formatOf(name: string, bpw: number, change: Partial<FormatInfo> = {}): FormatInfo {
  return {
    name,
    id: 0,
    family: 'k',
    target: 'llama.cpp',
    blockSize: 256,
    blockBytes: bpw * 32,
    bpw,
    needsImportance: false,
    methods: ['reference', 'optimal'],
    ...change,
  }
}

export function measurementOf(tensor: string, change: Partial<Measurement> = {}): Measurement {
  return {
    tensor,
    format: 'Q4_K',
    effectiveFormat: 'Q4_K',
    method: 'reference',
    bytes: 18_432,
    bpw: 4.5,
    mse: 0.0001,
    rmse: 0.01,
    relativeError: 0.07,
    weightedRelativeError: null,
    outputRelativeError: null,
    cosine: 0.997,
    angle: 4,
    maxAbsError: 0.05,
    sqnr: 23,
    sampledRows: 128,
    rows: 128,
    standardError: null,
    nonFinite: 0,
    ...change,
  }
}

export function jobOf(id: string, change: Partial<Job> = {}): Job {
  return {
    id,
    kind: 'analysis',
    title: 'Measure Q4_K',
    modelPath: '/models/a.gguf',
    state: 'running',
    tensorsDone: 1,
    tensorsTotal: 4,
    bytesDone: 100,
    bytesTotal: 400,
    bytesPerSecond: 1_048_576,
    remainingMs: 12_000,
    error: null,
    findings: [],
    startedAt: '2026-01-01T00:00:00.000Z',
    export: null,
    ...change,
  }
}
