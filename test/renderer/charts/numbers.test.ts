import { expect, test } from 'vitest'
import {
  bytes,
  count,
  counted,
  exact,
  NO_VALUE,
  percent,
  significant,
} from '../../../renderer/charts/numbers.ts'

test.each([
  [0, '0'],
  [0.0123456, '0.0123'],
  [12.345, '12.3'],
  [-0.5, '-0.500'],
  [1234.5, '1,230'],
  [0.0000123, '1.23e-5'],
  [2.5e12, '2.50e+12'],
  [Infinity, '∞'],
])('%d has three significant digits: %s', (value, text) => {
  expect(significant(value)).toBe(text)
})

test('a value that is not there is a dash, never NaN', () => {
  expect([significant(null), significant(NaN), bytes(null), percent(null)]).toEqual(Array(4).fill(NO_VALUE))
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [13_740_800, '13.1 MiB'],
  [1023 * 1024, '1023 KiB'],
  [5 * 2 ** 40, '5.00 TiB'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text)
})

test('exact numbers keep every digit', () => {
  expect(exact(13_740_801)).toBe('13,740,801')
})

test('counts use decimal units', () => {
  expect([count(999), count(6_820_000), count(7.1e9)]).toEqual(['999', '6.82 M', '7.10 B'])
})

test('one thing is not plural', () => {
  expect([counted(1, 'tensor'), counted(2048, 'tensor')]).toEqual(['1 tensor', '2,048 tensors'])
})
