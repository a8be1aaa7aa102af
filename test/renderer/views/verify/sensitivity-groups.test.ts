import { expect, it } from 'vitest'
import type { Sensitivities } from '../../../../preload/contract.ts'
import {
  groupCell,
  groupName,
  measuredFormats,
  measuredGroups,
  SENSITIVITY,
  sensitivityBars,
  sensitivityCells,
  sensitivityTable,
} from '../../../../renderer/views/verify/sensitivity-groups.ts'
import { sensitivityOf } from '../../../support/verification-data.ts'
import { llamaTensors } from '../../../support/window-data.ts'

const tensors = llamaTensors(4)
const named = (name: string) => tensors.find((tensor) => tensor.name === name) ?? null
const q = (layer: number) => `blk.${layer}.attn_q.weight`

const sensitivities: Sensitivities = {
  schema: 1,
  model: 'one',
  tokens: 1024,
  context: 128,
  groups: [
    sensitivityOf([q(0), q(1)], { alpha: 2, kld: 0.02 }),
    sensitivityOf([q(0), q(1)], { alpha: 2, format: 'Q4_K', kld: 0.005 }),
    sensitivityOf(['output.weight'], { alpha: 9, kld: 0.09 }),
  ],
}
const groups = measuredGroups(sensitivities, named)

it('joins what the formats did to one group, the most sensitive first', () => {
  expect(groups.map(({ name, alpha, formats }) => [name, alpha, [...formats.keys()]])).toEqual([
    ['output.weight', 9, ['Q3_K']],
    ['attn_q, layers 0 to 1', 2, ['Q3_K', 'Q4_K']],
  ])
  expect(measuredFormats(groups)).toEqual(['Q3_K', 'Q4_K'])
})

it('names groups by what they have in common', () => {
  expect(groupName([q(3)], named)).toBe(q(3))
  expect(groupName(['blk.2.attn_q.weight', 'blk.2.attn_q.weight'], named)).toBe('attn_q, layer 2')
  expect(groupName([q(0), 'output.weight'], named)).toBe('blk.0.attn_q.weight and 1 more')
})

it('draws a bar for each group that has a value, marked where it is selected', () => {
  const bars = sensitivityBars(groups, SENSITIVITY, (name) => name === q(1))
  expect(bars.map(({ value, selected, standardError }) => [value, selected, standardError])).toEqual([
    [9, false, 0.1],
    [2, true, 0.1],
  ])
  expect(sensitivityBars(groups, 'Q4_K', () => false).map(({ value }) => value)).toEqual([0.005])
})

it('gives every tensor of a group the value of the group, and others none', () => {
  const cells = sensitivityCells(groups, SENSITIVITY, tensors)
  const values = new Map(cells.map((cell) => [cell.tensor, cell.value]))
  expect([q(0), q(1), q(2), 'output.weight'].map((name) => values.get(name))).toEqual([2, 2, null, 9])
  expect(values.has('blk.0.attn_norm.weight')).toBe(false)
})

it('tells in the table what was not measured', () => {
  const [output] = groups
  expect(output && groupCell(output, 'Q3_K').text).toBe('0.0900')
  expect(output && groupCell(output, 'Q4_K').text).toBe('–')
})

it('saves one row for each group and format', () => {
  const { columns, rows } = sensitivityTable(groups)
  expect(rows.map((row) => [row[0], row[columns.indexOf('format')], row[columns.indexOf('kld')]])).toEqual([
    ['output.weight', 'Q3_K', 0.09],
    ['attn_q, layers 0 to 1', 'Q3_K', 0.02],
    ['attn_q, layers 0 to 1', 'Q4_K', 0.005],
  ])
})
