import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { useSelectionInAddress } from '../../../renderer/composables/useSelectionInAddress.ts'
import { useModels } from '../../../renderer/stores/models.ts'
import { useSelection } from '../../../renderer/stores/selection.ts'
import { useTensors } from '../../../renderer/stores/tensors.ts'
import { installFakeBridge } from '../../support/fake-bridge.ts'
import { modelOf, tensorOf } from '../../support/window-data.ts'

const PAGE = { render: () => h('p') }
const SHELL = defineComponent({
  setup() {
    useSelectionInAddress()
    return () => h('p')
  },
})
let router: Router

beforeEach(async () => {
  installFakeBridge({
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path),
    'models.tensors': () => [tensorOf('a'), tensorOf('b')],
  })
  router = createRouter({
    history: createMemoryHistory(),
    routes: ['one', 'two'].map((name) => ({ path: `/${name}`, name, component: PAGE })),
  })
  await router.push('/one')
  mount(SHELL, { global: { plugins: [router] } })
  const tensors = useTensors()
  await useModels().openPath('model')
  await vi.waitFor(() => expect(tensors.state).toBe('ready'))
})

const address = () => router.currentRoute.value.fullPath

it('writes the selected tensor into the address', async () => {
  useSelection().select('a')
  await vi.waitFor(() => expect(address()).toBe('/one?tensor=a'))
})

it('selects the tensor that an address names', async () => {
  await router.push('/two?tensor=b')
  await flushPromises()
  expect(useSelection().primary?.name).toBe('b')
})

it.each(['before', 'after'])('lets a page change through that begins %s the selection', async (order) => {
  if (order === 'before') void router.push({ name: 'two' })
  useSelection().select('b')
  if (order === 'after') void router.push({ name: 'two' })
  await flushPromises()
  await vi.waitFor(() => expect(address()).toBe('/two?tensor=b'))
})

it('takes the selection along to a page that knew another one', async () => {
  useSelection().select('a')
  await vi.waitFor(() => expect(address()).toBe('/one?tensor=a'))
  useSelection().select('b')
  void router.push({ name: 'two', query: { tensor: 'a' } })
  await flushPromises()
  await vi.waitFor(() => expect(address()).toBe('/two?tensor=b'))
  expect(useSelection().primary?.name).toBe('b')
})
