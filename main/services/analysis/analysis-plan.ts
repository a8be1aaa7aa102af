import { QuantaloupeError } from '../../engine/errors.ts'
import type { Finding } from '../../engine/formats/model.ts'
import { sampledRowCount } from '../../engine/metrics/sampling.ts'
import type { Format, Method } from '../../engine/quantizers/format.ts'
import { storedType } from '../../engine/quantizers/registry.ts'
import { rowCount, rowLength, weightCount } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import { tensorOf } from '../library/library.ts'
import type { OpenedModel } from '../library/library.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import {
  checkImportanceLengths,
  importanceNeeded,
  lacksImportance,
} from '../measurements/importance-checks.ts'
import { shorten } from '../measurements/importance-findings.ts'
import { checkedFormat, targetsOf } from '../measurements/targets.ts'
import type { Target } from '../measurements/targets.ts'
import { fallbackFindings } from '../plans/fallback-findings.ts'
import type { Replacement } from '../plans/fallback-findings.ts'
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
 * A tensor without importance is left out of the formats that need it, and this is told; where no tensor has any, it is
 * an error.
 *
 * @throws QuantaloupeError `UNKNOWN_TENSOR`, `FORMAT_UNKNOWN`, `METHOD_UNSUPPORTED`, `IMPORTANCE_NEEDED`,
 *   `IMPORTANCE_LENGTH`, `NOTHING_TO_MEASURE`
 */
export function planAnalysis(
  opened: OpenedModel,
  scope: AnalysisScope,
  statistics: ActivationStatistics,
): AnalysisPlan {
  const formats = [...new Set(scope.formats)].map((format) => checkedFormat(format, scope.method))
  const named = scope.tensors?.map((name) => tensorOf(opened, name))
  const candidates = named ?? opened.model.tensors.filter((tensor) => tensor.quantizable)
  checkImportanceLengths(candidates, statistics)
  const findings: Finding[] = []
  const decodable = candidates
    .map((tensor) => planTensor(tensor, formats, findings))
    .filter((tensor) => tensor !== null)
  if (decodable.length === 0) throw nothingToMeasure(opened, findings)
  const planned = leaveOutBare(decodable, statistics, findings)
  findings.push(...fallbackFindings(planned.flatMap(replacementsOf)))
  return { tensors: coarseToFine(planned), findings }
}

/** Drops the formats that need importance from tensors that have none. */
function leaveOutBare(
  planned: readonly PlannedTensor[],
  statistics: ActivationStatistics,
  findings: Finding[],
): PlannedTensor[] {
  const bare = planned.flatMap(({ tensor, targets }) =>
    targets
      .filter(({ effective }) => lacksImportance(tensor, effective, statistics))
      .map(({ effective }) => ({ tensor: tensor.name, format: effective.name })),
  )
  const kept = planned
    .map(({ tensor, targets }) => {
      const possible = targets.filter(({ effective }) => !lacksImportance(tensor, effective, statistics))
      return { tensor, targets: possible, workload: workloadOf(tensor, possible) }
    })
    .filter(({ targets }) => targets.length > 0)
  const [first] = bare
  if (first && (kept.length === 0 || statistics.importance.size === 0)) {
    throw importanceNeeded(first.tensor, first.format)
  }
  findings.push(...bareFindings(bare))
  return kept
}

function bareFindings(bare: readonly { readonly tensor: string; readonly format: string }[]): Finding[] {
  return [...Map.groupBy(bare, ({ format }) => format)].map(([format, group]) => {
    const names = shorten(group.map(({ tensor }) => tensor))
    const message = `Not measured in ${format}, which needs importance: ${names}`
    return { code: 'IMPORTANCE_NEEDED', message }
  })
}

function replacementsOf({ tensor, targets }: PlannedTensor): Replacement[] {
  return targets.flatMap(({ requested, effective }) =>
    requested.map((name) => ({ tensor: tensor.name, requested: name, effective: effective.name })),
  )
}

function workloadOf(tensor: Tensor, targets: readonly Target[]): string {
  return `${tensor.type}: ${targets.map((target) => target.effective.name).join(' ')}`
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
  return { tensor, targets, workload: workloadOf(tensor, targets) }
}

function nothingToMeasure(opened: OpenedModel, findings: readonly Finding[]): QuantaloupeError {
  const [first] = findings
  return new QuantaloupeError('NOTHING_TO_MEASURE', 'No tensor of the model can be measured', {
    place: opened.model.path,
    expected: first?.message ?? 'a model with weight matrices',
  })
}
