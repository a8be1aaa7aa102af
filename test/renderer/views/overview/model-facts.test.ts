import { expect, it } from 'vitest'
import type { MetadataRow } from '../../../../preload/contract.ts'
import { metadataFacts, metadataText, typeShares } from '../../../../renderer/views/overview/model-facts.ts'
import { tensorOf } from '../../../support/window-data.ts'

const row = (key: string, change: Partial<MetadataRow>): MetadataRow => ({
  key,
  type: 'u32',
  value: null,
  elementType: null,
  length: null,
  ...change,
})

it('sums bytes and bits per weight by stored type, most bytes first', () => {
  const shares = typeShares([
    tensorOf('a', { type: 'F32', shape: [8], bytes: 32 }),
    tensorOf('b', { type: 'F16', shape: [32], bytes: 64 }),
    tensorOf('c', { type: 'F16', shape: [32], bytes: 64 }),
  ])
  expect(shares).toEqual([
    { type: 'F16', bytes: 128, tensors: 2, bpw: 16 },
    { type: 'F32', bytes: 32, tensors: 1, bpw: 32 },
  ])
})

it('does not invent bits for a type whose size is not known', () => {
  expect(typeShares([tensorOf('a', { type: 'type 99 (unknown)', bytes: 0 })])[0]?.bpw).toBeNull()
})

it('finds the key metadata of the architecture at hand', () => {
  const rows = [row('llama.context_length', { value: 4096 }), row('gemma.context_length', { value: 1 })]
  expect(metadataFacts(rows, 'llama')).toEqual([
    { label: 'Context', value: '4,096', title: 'llama.context_length' },
  ])
})

it('writes metadata without false digits', () => {
  expect(metadataText(row('x', { type: 'f32', value: Math.fround(0.00001) }))).toBe('0.00001')
  expect(metadataText(row('x', { type: 'u64', value: '18446744073709551615' }))).toBe('18446744073709551615')
  expect(metadataText(row('x', { type: 'array', elementType: 'string', length: 32_000 }))).toBe(
    '32,000 × string',
  )
})
