import { expect, test } from 'vitest'
import { formatInfos } from '../../../main/services/formats.ts'
import { formatGroups } from '../../../renderer/components/format-choices.ts'

const formats = formatInfos()

test('every format is in one group, most bits first', () => {
  const groups = formatGroups(formats, true)
  const names = groups.flatMap(({ children }) => children.map(({ value }) => value))
  expect(names.toSorted()).toEqual(formats.map(({ name }) => name).toSorted())
  expect(groups.map(({ label }) => label)).toEqual([
    'K-quants',
    'I-quants',
    'Blocks of 32',
    'Floating point',
    'Microscaling',
    'Ternary and binary',
  ])
  expect(groups[0]?.children.map(({ label }) => label)).toEqual([
    'Q6_K · 6.56 bpw',
    'Q5_K · 5.50 bpw',
    'Q4_K · 4.50 bpw',
    'Q3_K · 3.44 bpw',
    'Q2_K · 2.63 bpw',
  ])
})

test('formats that need importance can not be chosen without, and say why', () => {
  const disabled = (hasImportance: boolean) =>
    formatGroups(formats, hasImportance).flatMap(({ children }) => children.filter((one) => one.disabled))
  expect(disabled(true)).toEqual([])
  expect(disabled(false).map(({ label }) => label)).toEqual([
    'IQ2_XS · 2.31 bpw · needs an imatrix',
    'IQ2_XXS · 2.06 bpw · needs an imatrix',
    'IQ1_S · 1.56 bpw · needs an imatrix',
  ])
})
