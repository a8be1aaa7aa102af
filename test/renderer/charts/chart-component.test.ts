import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { NDropdown } from 'naive-ui'
import { beforeEach, expect, test, vi } from 'vitest'
import Chart from '../../../renderer/charts/Chart.vue'

const table = () => ({
  columns: ['format', 'bpw'],
  rows: [
    ['Q4_K', 4.5],
    ['Q8_0', 8.5],
  ],
})

function mountChart(props: object = {}) {
  return mount(Chart, {
    props: { option: { series: [] }, label: 'Error over bits', ...props },
    global: { stubs: { Echarts: true } },
  })
}

beforeEach(() => setActivePinia(createPinia()))

test('the chart can be focused and says what it shows', () => {
  const canvas = mountChart().find('.canvas')
  expect(canvas.attributes()).toMatchObject({ tabindex: '0', role: 'img', 'aria-label': 'Error over bits' })
})

test('the menu offers data only where there is data', async () => {
  const chart = mountChart()
  const keys = () =>
    (chart.getComponent(NDropdown).props('options') as readonly { key: string }[]).map((one) => one.key)
  expect(keys()).toEqual(['png', 'svg'])
  await chart.setProps({ table })
  expect(keys()).toEqual(['png', 'svg', 'copy', 'csv', 'table'])
})

test('the table twin takes the place of the picture and gives it back', async () => {
  const chart = mountChart({ table })
  const choose = (key: string) => chart.getComponent(NDropdown).vm.$emit('select', key)
  choose('table')
  await vi.waitFor(() =>
    expect(chart.findAll('td').map((cell) => cell.text())).toEqual(['Q4_K', '4.5', 'Q8_0', '8.5']),
  )
  expect(chart.find('.canvas').exists()).toBe(false)
  choose('table')
  await vi.waitFor(() => expect(chart.find('.canvas').exists()).toBe(true))
})

test('the data is copied as CSV', async () => {
  const written: string[] = []
  const write = vi.spyOn(navigator.clipboard, 'writeText').mockImplementation((text) => {
    written.push(text)
    return Promise.resolve()
  })
  mountChart({ table }).getComponent(NDropdown).vm.$emit('select', 'copy')
  await vi.waitFor(() => expect(written).toEqual(['format,bpw\nQ4_K,4.5\nQ8_0,8.5\n']))
  write.mockRestore()
})
