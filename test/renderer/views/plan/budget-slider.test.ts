import { mount } from '@vue/test-utils'
import { describe, expect, test } from 'vitest'
import BudgetSlider from '../../../../renderer/views/plan/BudgetSlider.vue'
import { placeNotches } from '../../../../renderer/views/plan/slider-notches.ts'

function slider() {
  const props = { smallest: 1000, largest: 4000, value: 1500, reached: 1490, text: '1.5 KiB', notches: [] }
  const wrapper = mount(BudgetSlider, { props })
  const track = wrapper.get('.hit').element as HTMLElement
  track.getBoundingClientRect = () => ({ left: 100, width: 200 }) as DOMRect
  track.setPointerCapture = () => {}
  return wrapper
}

const at = (clientX: number) => ({ clientX, button: 0, pointerId: 1 })

describe('a drag', () => {
  test('asks for the bytes below the pointer all the way, and is one gesture', async () => {
    const wrapper = slider()
    const track = wrapper.get('.hit')
    await track.trigger('pointermove', at(120))
    await track.trigger('pointerdown', at(150))
    await track.trigger('pointermove', at(200))
    await track.trigger('pointermove', at(900))
    await track.trigger('pointerup', at(900))
    await track.trigger('pointermove', at(100))
    expect(wrapper.emitted('move')).toEqual([[1414], [2000], [4000]])
    expect([wrapper.emitted('grab')?.length, wrapper.emitted('release')?.length]).toEqual([1, 1])
  })

  test('begins with the main button only', async () => {
    const wrapper = slider()
    await wrapper.get('.hit').trigger('pointerdown', { ...at(150), button: 2 })
    expect(wrapper.emitted('move')).toBeUndefined()
  })
})

test.each([
  ['ArrowRight', 1],
  ['ArrowLeft', -1],
  ['PageUp', 10],
  ['Home', -Number.MAX_SAFE_INTEGER],
])('%s steps by %i', async (key, steps) => {
  const wrapper = slider()
  await wrapper.get('[role=slider]').trigger('keydown', { key })
  expect(wrapper.emitted('step')).toEqual([[steps]])
})

test('tells assistive technology where it is', () => {
  const thumb = slider().get('[role=slider]')
  expect(thumb.attributes()).toMatchObject({
    'aria-valuenow': '1500',
    'aria-valuetext': '1.5 KiB',
    'aria-valuemin': '1000',
  })
})

describe('notches', () => {
  const notch = (name: string, fileBytes: number) => ({ name, fileBytes })

  test('outside the slider are left out', () => {
    const placed = placeNotches([notch('Q4_K_M', 20), notch('F16', 500)], 10, 40, 400)
    expect(placed.map(({ name, at: share }) => [name, share])).toEqual([['Q4_K_M', 0.5]])
  })

  test('that stand close use a second line, and the most familiar names come first', () => {
    const names = ['Q4_K_S', 'Q4_1', 'Q4_K_M']
    const placed = placeNotches(
      names.map((name, index) => notch(name, 50 + index)),
      25,
      100,
      400,
    )
    expect(placed.map(({ name, line }) => [name, line])).toEqual([
      ['Q4_K_S', 1],
      ['Q4_1', null],
      ['Q4_K_M', 0],
    ])
  })
})
