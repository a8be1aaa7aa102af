import type { CandidateOption } from '../../../preload/contract.ts'
import { describeDecision } from './decisions.ts'
import type { PreparedGroup } from './prepared-group.ts'

export interface Choice {
  /** From fewest to most bytes. */
  readonly options: readonly CandidateOption[]
  readonly price: number
  readonly group: PreparedGroup
  readonly minimums: Readonly<Record<string, string>>
}

/** Why a group has its format, in sentences for people. */
export function explainChoice(choice: Choice): string {
  const chosen = choice.options.find((option) => option.chosen)
  const fixed = choice.group.decision ? `${describeDecision(choice.group.decision)}. ` : ''
  if (!chosen) return `${fixed}The plan's formats are no candidates here, or not measured.`
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
  const place = perByte > price ? 'above' : perByte < price ? 'below' : 'equal to'
  return `${figure(perByte)} per byte, ${place} the price ${figure(price)} of this budget`
}

/** Two digits: what is predicted is not known better. */
function figure(value: number): string {
  if (value === 0) return '0'
  const magnitude = Math.abs(value)
  if (magnitude >= 0.001 && magnitude < 1000) return String(Number(value.toPrecision(2)))
  return value.toExponential(1)
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

function sizeText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${UNITS[power]}`
}
