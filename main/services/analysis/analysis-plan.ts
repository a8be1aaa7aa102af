import { QuantaloupeError } from '../../engine/errors.ts'
import type { Finding } from '../../engine/formats/model.ts'
import { sampledRowCount } from '../../engine/metrics/sampling.ts'
import type { Format, Method } from '../../engine/quantizers/format.ts'
import { storedType } from '../../engine/quantizers/registry.ts'
import { rowCount, rowLength, weightCount } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import { tensorOf } from '../library/library.ts'
import type { OpenedModel } from '../library/library.ts'
import { checkedFormat, targetsOf } from '../measurements/targets.ts'
import type { Target } from '../measurements/targets.ts'
import { coarseToFine } from './coarse-to-fine.ts'

/** One tensor to measure, in all its formats at once. */
export interface PlannedTensor {
  readonly tensor: Tensor
  readonly targets: readonly Target[]
  /** Tensors with the same formats take the same time per weight. */
  readonly workload: string
}

export interface AnalysisPlan {
  readonly tensors: readonly PlannedTensor[]
  /** Tensors that were left out, and why. */
  readonly findings: readonly Finding[]
}

export interface AnalysisScope {
  readonly formats: readonly string[]
  readonly method: Method
  readonly tensors?: readonly string[] | undefined
}

/**
 * Chooses tensors and effective formats, most informative tensors first.
 *
 * @throws QuantaloupeError `UNKNOWN_TENSOR`, `FORMAT_UNKNOWN`, `METHOD_UNSUPPORTED`, `NOTHING_TO_MEASURE`
 */
export function planAnalysis(opened: OpenedModel, scope: AnalysisScope): AnalysisPlan {
  const formats = [...new Set(scope.formats)].map((format) => checkedFormat(format, scope.method))
  const named = scope.tensors?.map((name) => tensorOf(opened, name))
  const candidates = named ?? opened.model.tensors.filter((tensor) => tensor.quantizable)
  const findings: Finding[] = []
  const planned = candidates
    .map((tensor) => planTensor(tensor, formats, findings))
    .filter((tensor) => tensor !== null)
  if (planned.length === 0) throw nothingToMeasure(opened, findings)
  return { tensors: coarseToFine(planned), findings }
}

/** Bytes of the measured rows as f32, once for every format. */
export function f32Bytes(tensor: Tensor, formats: number, fraction: number): number {
  return sampledRowCount(rowCount(tensor), fraction) * rowLength(tensor) * 4 * formats
}

function planTensor(tensor: Tensor, formats: readonly Format[], findings: Finding[]): PlannedTensor | null {
  const leaveOut = (code: string, reason: string): null => {
    findings.push({ code, message: `${tensor.name} is left out: ${reason}`, tensor: tensor.name })
    return null
  }
  if (!storedType(tensor.type)) return leaveOut('UNDECODABLE_TENSOR', `${tensor.type} can not be decoded`)
  if (weightCount(tensor) === 0) return leaveOut('EMPTY_TENSOR', 'it has no weights')
  const targets = targetsOf(tensor, formats)
  const workload = targets.map((target) => target.effective.name).join(' ')
  return { tensor, targets, workload: `${tensor.type}: ${workload}` }
}

function nothingToMeasure(opened: OpenedModel, findings: readonly Finding[]): QuantaloupeError {
  const [first] = findings
  return new QuantaloupeError('NOTHING_TO_MEASURE', 'No tensor of the model can be measured', {
    place: opened.model.path,
    expected: first?.message ?? 'a model with weight matrices',
  })
}
