import { mount } from '@vue/test-utils'
import { beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import VirtualTable from '../../../renderer/components/VirtualTable.vue'

const COLUMNS = [
  { key: 'name', title: 'Name', width: '100px', sortable: true },
  { key: 'bytes', title: 'Bytes', width: '80px', align: 'right' as const },
]
const cell = (row: number, column: string) => ({ text: `${column} ${row}` })

/** happy-dom lays nothing out: the table gets the size of a small window. */
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(600)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600)
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(400)
})

async function table(props: object = {}) {
  const wrapper = mount(VirtualTable, {
    props: { label: 'Things', columns: COLUMNS, rowCount: 20_000, cell, ...props },
    attachTo: document.body,
  })
  await nextTick()
  return wrapper
}

it('draws a few dozen of 20,000 rows and says how many there are', async () => {
  const wrapper = await table()
  const rows = wrapper.findAll('.row')
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.length).toBeLessThan(64)
  expect(wrapper.get('[role=grid]').attributes('aria-rowcount')).toBe('20001')
  expect(rows[0]?.text()).toContain('name 0')
})

it('picks rows with the arrow keys and opens them with Enter', async () => {
  const wrapper = await table()
  const grid = wrapper.get('[role=grid]')
  await grid.trigger('keydown', { key: 'ArrowDown' })
  await grid.trigger('keydown', { key: 'ArrowDown', shiftKey: true })
  await grid.trigger('keydown', { key: 'Enter' })
  expect(wrapper.emitted('pick')).toEqual([
    [1, { extend: false, toggle: false }],
    [2, { extend: true, toggle: false }],
  ])
  expect(wrapper.emitted('open')).toEqual([[2]])
})

it('reaches the last row with End and goes no further', async () => {
  const wrapper = await table()
  const grid = wrapper.get('[role=grid]')
  await grid.trigger('keydown', { key: 'End' })
  await grid.trigger('keydown', { key: 'ArrowDown' })
  expect(wrapper.emitted('pick')?.map((one) => (one as unknown[])[0])).toEqual([19_999, 19_999])
})

it('asks to sort by a column, and shows by which it is sorted', async () => {
  const wrapper = await table({ sort: { column: 'name', descending: true } })
  await wrapper.get('button.sort').trigger('click')
  expect(wrapper.emitted('sort')).toEqual([['name']])
  expect(wrapper.findAll('[role=columnheader]')[0]?.attributes('aria-sort')).toBe('descending')
})

it('draws rows again when the selection or the answers change', async () => {
  const wrapper = await table({ isSelected: (row: number) => row === 0 })
  expect(wrapper.findAll('.row.selected')).toHaveLength(1)
  await wrapper.setProps({ isSelected: (row: number) => row < 3 })
  expect(wrapper.findAll('.row.selected')).toHaveLength(3)
  await wrapper.setProps({ cell: (row: number) => ({ text: `new ${row}` }) })
  expect(wrapper.findAll('.row')[0]?.text()).toContain('new 0')
})
