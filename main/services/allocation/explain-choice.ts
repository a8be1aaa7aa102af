import type { CandidateOption } from '../../../preload/contract.ts'
import { describeDecision } from './decisions.ts'
import type { Decision } from './decisions.ts'

export interface Choice {
  /** From fewest to most bytes. */
  readonly options: readonly CandidateOption[]
  readonly price: number
  readonly decision: Decision | null
}

/** Why a group has its format, in sentences for people. */
export function explainChoice(choice: Choice): string {
  const chosen = choice.options.find((option) => option.chosen)
  const fixed = choice.decision ? `${describeDecision(choice.decision)}. ` : ''
  if (!chosen) return `${fixed}What the plan has here differs within the group, or is not measured.`
  const parts = [stepUp(choice, chosen), stepDown(choice, chosen)].filter((part) => part !== null)
  return fixed + (parts.length > 0 ? parts.join(' ') : `${chosen.format} is all there is to choose from.`)
}

function stepUp({ options, price }: Choice, chosen: CandidateOption): string | null {
  const next = options.find(
    ({ bytes, damage, onHull }) => onHull && bytes > chosen.bytes && damage < chosen.damage,
  )
  if (!next) return null
  const [bytes, avoided] = [next.bytes - chosen.bytes, chosen.damage - next.damage]
  const cost = `would avoid ${figure(avoided)} for ${sizeText(bytes)}`
  return `${next.format} instead of ${chosen.format} ${cost}: ${comparison(avoided / bytes, price)}.`
}

function stepDown({ options, price }: Choice, chosen: CandidateOption): string | null {
  const next = options.findLast(({ bytes, onHull }) => onHull && bytes < chosen.bytes)
  if (!next) return null
  const [bytes, added] = [chosen.bytes - next.bytes, next.damage - chosen.damage]
  if (added <= 0) return `${next.format} has no more damage and saves ${sizeText(bytes)}.`
  return `${next.format} would save ${sizeText(bytes)} and add ${figure(added)}: ${comparison(added / bytes, price)}.`
}

function comparison(perByte: number, price: number): string {
  if (perByte === price) return `${figure(perByte)} per byte, exactly the price of this budget`
  const digits = [2, 3, 4, 5].find((count) => figure(perByte, count) !== figure(price, count)) ?? 6
  const place = perByte > price ? 'above' : 'below'
  return `${figure(perByte, digits)} per byte, ${place} the price ${figure(price, digits)} of this budget`
}

/** Two digits, where no more are needed: what is predicted is not known better. */
function figure(value: number, digits = 2): string {
  const magnitude = Math.abs(value)
  const isPlain = value === 0 || (magnitude >= 0.001 && magnitude < 1e6)
  return isPlain ? String(Number(value.toPrecision(digits))) : value.toExponential(digits - 1)
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

function sizeText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${UNITS[power]}`
}
