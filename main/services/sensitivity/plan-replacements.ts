import { QuantaloupeError } from '../../engine/errors.ts'
import type { Finding } from '../../engine/formats/model.ts'
import type { Format } from '../../engine/quantizers/format.ts'
import { formatByName } from '../../engine/quantizers/registry.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { SensitivityRequest } from '../../../preload/contract.ts'
import type { OpenedModel } from '../library/library.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import {
  checkImportanceValues,
  importanceNeeded,
  lacksImportance,
} from '../measurements/importance-checks.ts'
import { shorten } from '../measurements/importance-findings.ts'
import { checkedFormat, effectiveFormat } from '../measurements/targets.ts'
import { fallbackFindings } from '../plans/fallback-findings.ts'

/** A group of tensors that is to be replaced by its twin in one format. */
export interface PlannedReplacement {
  readonly tensors: readonly Tensor[]
  /** As requested. */
  readonly format: string
  /** What the row length of each tensor makes of it. */
  readonly effective: readonly Format[]
}

export interface ReplacementPlan {
  readonly groups: number
  /** All groups in the first format, then in the next: what is stopped early covers the whole model coarsely. */
  readonly replacements: readonly PlannedReplacement[]
  /** What was left out, and which formats row lengths replace. */
  readonly findings: readonly Finding[]
}

/**
 * Which groups are replaced in which formats.
 *
 * @throws QuantaloupeError `SOURCE_QUANTIZED`, `FORMAT_UNKNOWN`, `METHOD_UNSUPPORTED`, `IMPORTANCE_NEEDED`,
 *   `IMPORTANCE_LENGTH`, `NON_FINITE_IMPORTANCE`, `NOTHING_TO_MEASURE`
 */
export function planReplacements(
  opened: OpenedModel,
  { formats, grouping }: Pick<SensitivityRequest, 'formats' | 'grouping'>,
  statistics: ActivationStatistics,
): ReplacementPlan {
  const tensors = opened.model.tensors.filter((tensor) => tensor.quantizable && weightCount(tensor) > 0)
  checkSource(opened, tensors)
  checkImportanceValues(tensors, statistics)
  const groups = groupTensors(tensors, grouping)
  const planned = [...new Set(formats)]
    .map((name) => checkedFormat(name, 'reference'))
    .flatMap((format) => groups.map((group) => planReplacement(group, format)))
    .filter(changesSomething)
  if (planned.length === 0) throw nothingToMeasure(opened)
  const { replacements, findings } = leaveOutBare(planned, statistics)
  return {
    groups: new Set(replacements.map((replacement) => replacement.tensors)).size,
    replacements,
    findings: [...findings, ...fallbackFindings(replacements.flatMap(fallbacksOf))],
  }
}

function planReplacement(tensors: readonly Tensor[], format: Format): PlannedReplacement {
  return {
    tensors,
    format: format.name,
    effective: tensors.map((tensor) => effectiveFormat(format, tensor)),
  }
}

/** A twin in the type that is stored already is the tensor itself. */
function changesSomething({ tensors, effective }: PlannedReplacement): boolean {
  return tensors.some((tensor, index) => effective[index]?.name !== tensor.type)
}

/** In the model's order; neighbouring layers of a role together, tensors without a layer alone. */
function groupTensors(
  tensors: readonly Tensor[],
  grouping: SensitivityRequest['grouping'],
): readonly (readonly Tensor[])[] {
  if (grouping.kind === 'tensor') return tensors.map((tensor) => [tensor])
  const groups = Map.groupBy(tensors, ({ name, role, layer }) =>
    layer === null ? name : `${role} ${Math.floor(layer / grouping.layers)}`,
  )
  return [...groups.values()]
}

function checkSource(opened: OpenedModel, tensors: readonly Tensor[]): void {
  const tensor = tensors.find(({ type }) => formatByName(type)?.family !== 'float')
  if (!tensor) return
  throw new QuantaloupeError(
    'SOURCE_QUANTIZED',
    `Sensitivities are measured on unquantized weights, and ${tensor.name} is stored as ${tensor.type}`,
    {
      place: opened.model.path,
      expected: 'F32, F16 or BF16 for every weight matrix',
      remedy: 'Open the model that this one was quantized from.',
    },
  )
}

function leaveOutBare(
  planned: readonly PlannedReplacement[],
  statistics: ActivationStatistics,
): { readonly replacements: readonly PlannedReplacement[]; readonly findings: readonly Finding[] } {
  const isBare = (planned: PlannedReplacement): boolean => bareTensor(planned, statistics) !== null
  const replacements = planned.filter((replacement) => !isBare(replacement))
  const bare = planned.filter(isBare)
  const [first] = bare
  if (first && (replacements.length === 0 || statistics.importance.size === 0)) {
    throw importanceNeeded(bareTensor(first, statistics) ?? '', first.format)
  }
  const findings = [...Map.groupBy(bare, ({ format }) => format)].map(([format, group]) => {
    const names = shorten(group.flatMap(({ tensors }) => tensors.map(({ name }) => name)))
    return {
      code: 'IMPORTANCE_NEEDED',
      message: `Not replaced by ${format}, which needs importance: ${names}`,
    }
  })
  return { replacements, findings }
}

/** The first tensor whose format needs importance that it does not have. */
function bareTensor(
  { tensors, effective }: PlannedReplacement,
  statistics: ActivationStatistics,
): string | null {
  const bare = tensors.find((tensor, index) => {
    const format = effective[index]
    return format !== undefined && lacksImportance(tensor, format, statistics)
  })
  return bare?.name ?? null
}

function fallbacksOf({ tensors, format, effective }: PlannedReplacement) {
  return tensors.map(({ name }, index) => ({
    tensor: name,
    requested: format,
    effective: effective[index]?.name ?? format,
  }))
}

function nothingToMeasure({ model }: OpenedModel): QuantaloupeError {
  return new QuantaloupeError('NOTHING_TO_MEASURE', 'These formats change no tensor of the model', {
    place: model.path,
    expected: 'a format with fewer bits than the stored ones',
  })
}
