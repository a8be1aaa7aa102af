import { describe, expect, test } from 'vitest'
import type { AllocationFrontier, Method, Plan } from '../../../../preload/contract.ts'
import { boundSentence, damageNote } from '../../../../renderer/views/plan/bound-sentence.ts'
import { missingOfPlan, missingRuns, missingSentence } from '../../../../renderer/views/plan/missing.ts'
import { ruleText } from '../../../../renderer/views/plan/rule-text.ts'
import { parseSize, sizeText } from '../../../../renderer/views/plan/size-text.ts'

const MIB = 1024 ** 2

describe('sizes', () => {
  test.each([
    ['3.9 MiB', Math.floor(3.9 * MIB)],
    ['3.9', Math.floor(3.9 * MIB)],
    ['4.2 GB', 4_200_000_000],
    ['4,000,000 bytes', 4_000_000],
    ['12g', 12 * 1024 ** 3],
  ])('%s is read', (text, bytes) => {
    expect(parseSize(text, MIB)).toBe(bytes)
  })

  test.each(['', 'four', '3 parsecs', '-3 MiB', '0', '1.2.3'])('"%s" is no size', (text) => {
    expect(parseSize(text, MIB)).toBeNull()
  })

  test('are told with the digits of a slider', () => {
    expect([sizeText(3.9021 * MIB), sizeText(500)]).toEqual(['3.902 MiB', '500 B'])
  })
})

describe('the bound', () => {
  const figures = { fileBytes: 3.9 * MIB, damage: 0.00122, bound: 0.00121, unit: '' }

  test('says how much more this plan can have', () => {
    expect(boundSentence(figures)).toBe(
      'No plan within 3.900 MiB can have less than 0.00121 predicted; this one has 0.00122: at most 0.826 % more.',
    )
  })

  test('that is met needs no percentage', () => {
    expect(boundSentence({ ...figures, damage: 0.00121, unit: 'nats' })).toBe(
      'No plan within 3.900 MiB can have less than 0.00121 nats predicted, and this one has no more.',
    )
  })

  test('of another search is no bound of this plan', () => {
    expect(boundSentence({ ...figures, damage: 0.001 })).toContain('uses what the search may not')
  })

  test('means nothing where nothing is changed', () => {
    expect(boundSentence({ ...figures, damage: 0 })).toContain('has no damage')
  })
})

test('measured sensitivities say for how many tensors', () => {
  const described = {
    model: 'measured',
    explanation: '',
    unit: 'nats',
    measure: 'mixed',
    tensors: 44,
  } as const
  expect(damageNote({ ...described, measuredTensors: 12 })).toBe('12 of 44 tensors measured in llama.cpp')
  expect(damageNote({ ...described, measuredTensors: 0 })).toBe('no tensor is measured yet')
})

describe('missing figures', () => {
  const missing = [
    { format: 'Q4_K', method: 'reference', tensors: ['a', 'b'] },
    { format: 'Q5_K', method: 'reference', tensors: ['a', 'b'] },
    { format: 'Q6_K', method: 'reference', tensors: ['a'] },
    { format: 'Q4_K', method: 'optimal', tensors: ['a', 'b'] },
  ] as const
  const sentence = (change: Partial<AllocationFrontier>) =>
    missingSentence({ missing, figures: 93, sampledFigures: 0, ...change } as AllocationFrontier)

  test('are measured together where method and tensors are the same', () => {
    expect(missingRuns(missing)).toEqual([
      { formats: ['Q4_K', 'Q5_K'], method: 'reference', tensors: ['a', 'b'] },
      { formats: ['Q6_K'], method: 'reference', tensors: ['a'] },
      { formats: ['Q4_K'], method: 'optimal', tensors: ['a', 'b'] },
    ])
  })

  test('of a plan are those of its own formats; kept tensors miss nothing', () => {
    const planned = (name: string, requested: string, damage: number | null, method: Method | null) => ({
      name, format: requested, requested, method, bytes: 1, error: null, damage,
    }) // prettier-ignore
    const tensors = [
      planned('a', 'Q4_0', null, 'reference'),
      planned('b', 'Q4_0', null, 'reference'),
      planned('c', 'Q5_K', 0.1, 'reference'),
      planned('norm', 'F32', null, null),
    ]
    expect(missingOfPlan({ tensors } as unknown as Plan)).toEqual([
      { format: 'Q4_0', method: 'reference', tensors: ['a', 'b'] },
    ])
  })

  test('are counted, then the sampled ones, then nothing is said', () => {
    expect(sentence({})).toBe('7 of 100 figures are not measured')
    expect(sentence({ missing: [], sampledFigures: 5 })).toBe('5 of 93 figures come from a sample of rows')
    expect(sentence({ missing: [] })).toBeNull()
  })
})

test.each([
  [{ kind: 'keep', scope: { kind: 'role', role: 'output' } }, 'Keep all output tensors as stored.'],
  [{ kind: 'minimum', scope: { kind: 'all' }, format: 'Q5_K' }, 'Give all tensors at least Q5_K.'],
  [{ kind: 'share', scope: { kind: 'layer', layer: 3 } }, 'Give the tensors of layer 3 one format.'],
  [{ kind: 'keep', scope: { kind: 'tensors', names: ['a'] } }, 'Keep a as stored.'],
  [{ kind: 'keep', scope: { kind: 'tensors', names: ['a', 'b'] } }, 'Keep 2 tensors as stored.'],
] as const)('a rule reads like a sentence', (rule, text) => {
  expect(ruleText(rule)).toBe(text)
})
