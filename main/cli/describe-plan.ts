import { describeDamage } from '../engine/allocation/damage/describe-damage.ts'
import type { DamageDescription, MemoryEstimate, Plan, PlannedTensor } from '../../preload/contract.ts'
import { formatBpw, formatBytes, formatFigure } from './numbers.ts'
import { renderTable, type Column } from './table.ts'

interface Share {
  readonly format: string
  /** What was asked for, where it is something else. */
  readonly requested: string
  readonly tensors: number
  readonly bytes: number
  /** Of the bytes of all tensors. */
  readonly fraction: number
}

const FORMAT: Column<Share> = { title: 'format', value: ({ format }) => format }
const REQUESTED: Column<Share> = { title: 'instead of', value: ({ requested }) => requested }
const COLUMNS: readonly Column<Share>[] = [
  { title: 'tensors', align: 'right', value: ({ tensors }) => String(tensors) },
  { title: 'size', align: 'right', value: ({ bytes }) => formatBytes(bytes) },
  { title: 'share', align: 'right', value: ({ fraction }) => `${(fraction * 100).toFixed(1)} %` },
]

/** Formats with their share of the weights; those that a row length made necessary apart, with what they stand for. */
export function describeFormats({ fileBytes, bpw, tensors }: Plan): string {
  const all = tensors.reduce((sum, { bytes }) => sum + bytes, 0)
  const groups = Map.groupBy(tensors, (tensor) => `${tensor.format} ${replacedBy(tensor)}`)
  const shares = [...groups.values()].map((group): Share => {
    const bytes = group.reduce((sum, tensor) => sum + tensor.bytes, 0)
    return {
      format: group[0]?.format ?? '',
      requested: group[0] ? replacedBy(group[0]) : '',
      tensors: group.length,
      bytes,
      fraction: all === 0 ? 0 : bytes / all,
    }
  })
  const replaced = shares.some(({ requested }) => requested !== '')
  const size = `file of exactly ${fileBytes} bytes (${formatBytes(fileBytes)}), ${formatBpw(bpw)} bits per weight`
  const columns = [FORMAT, ...(replaced ? [REQUESTED] : []), ...COLUMNS]
  const ordered = shares.toSorted((a, b) => b.bytes - a.bytes)
  return `${renderTable(columns, ordered)}\n\n${size}`
}

/** What a tensor's format stands for; nothing where it is the one asked for. */
function replacedBy({ format, requested }: PlannedTensor): string {
  return requested === format ? '' : requested
}

/** The predicted damage, what it means, and how good the plan is certain to be. */
export function describePrediction(plan: Plan, description?: DamageDescription): string {
  // Without a search nobody has counted the sensitivities; model, unit and meaning are the same.
  const { explanation, unit } = description ?? describeDamage(plan.damageModel, new Map())
  const meaning = `${nameOf(plan, description)}. ${explanation}`
  if (plan.predictedDamage === null) {
    const unknown = plan.tensors.filter(({ damage }) => damage === null).length
    const count = unknown === 1 ? '1 tensor is' : `${unknown} tensors are`
    return `predicted damage: not known, for ${count} not measured in the format of the plan; \`analyze\` measures it`
  }
  const inUnit = unit === 'none' ? '' : ` ${unit}`
  const lines = [`predicted damage: ${formatFigure(plan.predictedDamage)}${inUnit}, by ${meaning}`]
  if (plan.lowerBound !== null && plan.gap !== null)
    lines.push(describeBound(plan.lowerBound, plan.gap, inUnit))
  return lines.join('\n')
}

function nameOf({ damageModel }: Plan, description: DamageDescription | undefined): string {
  if (damageModel === 'priors') return 'role priors'
  if (damageModel === 'error') return 'plain error'
  if (damageModel === 'importance') return 'importance-weighted error'
  const counted = description ? ` of ${description.measuredTensors} of ${description.tensors} tensors` : ''
  return `measured sensitivities${counted}`
}

function describeBound(lowerBound: number, gap: number, inUnit: string): string {
  if (gap === 0) return 'lower bound: the same; no other choice of these formats within the budget has less'
  const percent = gap * 100 < 0.01 ? 'less than 0.01' : formatFigure(gap * 100)
  return `lower bound: ${formatFigure(lowerBound)}${inUnit}; the best choice of these formats within the budget has at most ${percent} % less`
}

/** Where the figures of a search come from, if not from all rows. */
export function describeSampling(figures: number, sampledFigures: number): string | null {
  if (sampledFigures === 0) return null
  return `${sampledFigures} of ${figures} errors are estimates from a sample of the rows`
}

/** Weights and context together. */
export function describeMemory(plan: Plan, { kvBytes, formula }: MemoryEstimate): string {
  const weights = plan.tensors.reduce((sum, { bytes }) => sum + bytes, 0)
  return `memory: ${formatBytes(weights)} for the weights and ${formatBytes(kvBytes)} for keys and values: ${formula} What computing needs comes on top.`
}
