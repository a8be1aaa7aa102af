import { describe, expect, it } from 'vitest'
import {
  DOWN,
  EMBEDDING,
  fileOf,
  formatsOf,
  measure,
  openMeasured,
  QUERY,
  sizes,
  solved,
} from '../../support/allocations.ts'
import { callOk, codeOf, floatTensor } from '../../support/services.ts'

const Q8 = { format: 'Q8_0', method: 'reference' } as const
const Q6 = { format: 'Q6_K', method: 'reference' } as const

describe('what is fixed', () => {
  it('is kept: pins, exclusions, minimums', async () => {
    const { services, request } = await openMeasured()
    const fixed = request({ pins: { [EMBEDDING]: Q8 }, excluded: [QUERY], minimums: { [DOWN]: 'Q6_K' } })
    for (const bytes of await sizes(services, fixed, 6)) {
      const formats = formatsOf(await solved(services, fixed, fileOf(bytes)))
      expect(formats).toMatchObject({ [EMBEDDING]: 'Q8_0', [QUERY]: 'F32' })
      expect(['Q6_K', 'Q8_0', 'F32']).toContain(formats[DOWN])
    }
  })

  it('may be a format outside the pool', async () => {
    const { services, model, request } = await openMeasured()
    await measure(services, model, ['Q5_K'])
    const pins = { [QUERY]: { format: 'Q5_K', method: 'reference' } } as const
    const plan = await solved(services, request({ pins }), { kind: 'bpw', bpw: 6 })
    expect(formatsOf(plan)[QUERY]).toBe('Q5_K')
  })

  it('holds for all of a group, and groups get one format', async () => {
    const { services, request } = await openMeasured()
    const queries = [QUERY, 'blk.1.attn_q.weight']
    const grouped = request({ groups: [queries, ['blk.1.attn_q.weight', DOWN]] })
    const ungrouped = new Set<number>()
    for (const bytes of await sizes(services, grouped, 12)) {
      const formats = formatsOf(await solved(services, grouped, fileOf(bytes)))
      expect(new Set([...queries, DOWN].map((name) => formats[name])).size).toBe(1)
      const free = formatsOf(await solved(services, request(), fileOf(bytes)))
      ungrouped.add(new Set([...queries, DOWN].map((name) => free[name])).size)
    }
    expect(ungrouped.has(2)).toBe(true)
    const pinned = await solved(services, { ...grouped, pins: { [DOWN]: Q6 } }, { kind: 'bpw', bpw: 7 })
    expect(formatsOf(pinned)).toMatchObject({ [QUERY]: 'Q6_K', [DOWN]: 'Q6_K' })
  })

  it('groups the experts of one role and layer that are tensors of their own', async () => {
    const extra = [0, 1, 2].map((expert) =>
      floatTensor(`blk.0.ffn_up.${expert}.weight`, [256, 8], 20 + expert),
    )
    const names = extra.map(({ name }) => name)
    const { services, request } = await openMeasured({ extra })
    for (const bytes of await sizes(services, request(), 12)) {
      const formats = formatsOf(await solved(services, request(), fileOf(bytes)))
      expect(new Set(names.map((name) => formats[name])).size).toBe(1)
    }
    const explained = { allocation: request(), choices: {}, tensor: names[0] ?? '' }
    expect((await callOk(services, 'allocation.explain', explained)).tensors).toEqual(names)
  })

  it.each([
    ['two pins in a group', { pins: { [QUERY]: Q8, [DOWN]: Q6 }, groups: [[QUERY, DOWN]] }],
    ['a pin and an exclusion', { pins: { [QUERY]: Q8 }, excluded: [QUERY] }],
    ['an exclusion beside a pin', { pins: { [QUERY]: Q8 }, excluded: [DOWN], groups: [[QUERY, DOWN]] }],
  ])('may not contradict itself: %s', async (_what, changes) => {
    const { services, request } = await openMeasured()
    const allocation = request(changes)
    await expect(services.allocation.frontier(allocation)).rejects.toMatchObject({
      code: 'PINS_CONFLICT',
      details: { place: expect.stringContaining(QUERY) as string },
    })
  })

  it('that leaves the budget no room is named, with the smallest budget that meets it', async () => {
    const { services, request } = await openMeasured()
    const [least = NaN] = await sizes(services, request(), 1)
    const fixed = request({ pins: { [EMBEDDING]: Q8 }, excluded: [QUERY], minimums: { [DOWN]: 'Q6_K' } })
    const [needed = NaN] = await sizes(services, fixed, 1)
    const refused = services.allocation.solve({ allocation: fixed, budget: fileOf(least) })
    await expect(refused).rejects.toMatchObject({
      code: 'PINS_OUT_OF_REACH',
      message: expect.stringMatching(new RegExp(`${QUERY}.*${EMBEDDING}.*${DOWN}`)) as string,
      details: { expected: expect.stringContaining(`${needed} bytes`) as string },
    })
    expect((await solved(services, fixed, fileOf(needed))).fileBytes).toBe(needed)
    const hopeless = services.allocation.solve({ allocation: fixed, budget: fileOf(least - 100) })
    await expect(hopeless).rejects.toMatchObject({ code: 'BUDGET_OUT_OF_REACH' })
  })
})

describe('a request is refused that', () => {
  it.each([
    ['pins a tensor that is not there', { pins: { 'no.weight': Q8 } }, 'UNKNOWN_TENSOR'],
    ['excludes one', { excluded: ['no.weight'] }, 'UNKNOWN_TENSOR'],
    ['groups one', { groups: [['no.weight']] }, 'UNKNOWN_TENSOR'],
    ['limits one', { minimums: { 'no.weight': 'Q4_K' } }, 'UNKNOWN_TENSOR'],
    ['pins what is never quantized', { pins: { 'blk.0.attn_norm.weight': Q8 } }, 'NOT_QUANTIZABLE'],
    ['pins to a format that is none', { pins: { [QUERY]: { ...Q8, format: 'Q9' } } }, 'FORMAT_UNKNOWN'],
    [
      'pins to a method that there is not',
      { pins: { [QUERY]: { ...Q8, method: 'gptq' } } },
      'METHOD_UNSUPPORTED',
    ],
    ['has a minimum that is no format', { minimums: { [QUERY]: 'Q9' } }, 'FORMAT_UNKNOWN'],
    ['has a format in its pool that is none', { formats: ['Q9'] }, 'FORMAT_UNKNOWN'],
    ['has a method that no format has', { methods: ['gptq'] }, 'METHOD_UNSUPPORTED'],
    ['needs importance that it does not give', { formats: ['IQ2_XXS'] }, 'IMPORTANCE_NEEDED'],
    ['pins to what needs it', { pins: { [QUERY]: { ...Q8, format: 'IQ2_XXS' } } }, 'IMPORTANCE_NEEDED'],
    [
      'multiplies by less than nothing',
      { damage: { model: 'priors', multipliers: { [QUERY]: -1 } } },
      'BAD_REQUEST',
    ],
    ['has nothing measured to predict from', { damage: { model: 'measured' } }, 'SENSITIVITIES_MISSING'],
  ])('%s', async (_what, changes, code) => {
    const { services, request } = await openMeasured({ formats: ['Q4_K'] })
    expect(await codeOf(services, 'allocation.frontier', { ...request(), ...changes })).toBe(code)
  })
})
