import { beforeEach, expect, it } from 'vitest'
import { useModels } from '../../../renderer/stores/models.ts'
import { useSelection } from '../../../renderer/stores/selection.ts'
import { useTensors } from '../../../renderer/stores/tensors.ts'
import { installFakeBridge } from '../../support/fake-bridge.ts'
import { llamaTensors, modelOf } from '../../support/window-data.ts'

const settle = () => new Promise((resolve) => setTimeout(resolve))
const [Q, K, V] = ['blk.0.attn_q.weight', 'blk.0.attn_k.weight', 'blk.0.attn_v.weight'] as const

beforeEach(async () => {
  installFakeBridge({
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path),
    'models.tensors': () => llamaTensors(1),
  })
  useTensors()
  useSelection()
  await useModels().openPath('one')
  await settle()
})

it('shows the tensor that was selected last', () => {
  const selection = useSelection()
  selection.select(Q)
  selection.toggle(K)
  expect(selection.names).toEqual([Q, K])
  expect(selection.primary?.name).toBe(K)
})

it('takes a tensor out again when it is toggled twice', () => {
  const selection = useSelection()
  selection.select(Q)
  selection.toggle(K)
  selection.toggle(K)
  expect(selection.primary?.name).toBe(Q)
})

it('puts the named tensor of several into the inspector', () => {
  const selection = useSelection()
  selection.selectMany([Q, K, V], K)
  expect(selection.primary?.name).toBe(K)
  expect(selection.tensors).toHaveLength(3)
})

it('is empty after another model came on screen', async () => {
  const selection = useSelection()
  selection.select(Q)
  await useModels().openPath('two')
  await settle()
  expect(selection.names).toEqual([])
})
