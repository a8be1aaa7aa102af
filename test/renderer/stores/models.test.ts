import { beforeEach, describe, expect, it } from 'vitest'
import { useModels } from '../../../renderer/stores/models.ts'
import { useNotices } from '../../../renderer/stores/notices.ts'
import { useTensors } from '../../../renderer/stores/tensors.ts'
import { installFakeBridge, type FakeBridge } from '../../support/fake-bridge.ts'
import { llamaTensors, modelOf } from '../../support/window-data.ts'

const settle = () => new Promise((resolve) => setTimeout(resolve))
let host: FakeBridge

beforeEach(() => {
  host = installFakeBridge({
    'models.list': () => [],
    'models.recent': () => [],
    'models.open': ({ path }) => modelOf(path.replace(/\W/g, '')),
    'models.close': () => null,
    'models.tensors': ({ model }) => llamaTensors(model === 'two' ? 2 : 1),
  })
})

describe('the model store', () => {
  it('shows the model it opened last', async () => {
    const models = useModels()
    await models.openPath('one')
    await models.openPath('two')
    expect(models.open.map((model) => model.id)).toEqual(['one', 'two'])
    expect(models.active?.id).toBe('two')
  })

  it('does not list a model twice when it is opened again', async () => {
    const models = useModels()
    await models.openPath('one')
    await models.openPath('one')
    expect(models.open).toHaveLength(1)
  })

  it('reports a model that cannot be opened and keeps the one on screen', async () => {
    const models = useModels()
    await models.openPath('one')
    host.answers = { 'models.open': () => ({ code: 'BAD_MAGIC', message: 'Not a model', fault: 'input' }) }
    const outcome = await models.openPath('bad')
    expect(outcome.ok).toBe(false)
    expect(useNotices().latest?.error?.code).toBe('BAD_MAGIC')
    expect(models.active?.id).toBe('one')
    expect(models.opening).toBeNull()
  })

  it('moves to another model when the one on screen is closed elsewhere', async () => {
    const models = useModels()
    await models.start()
    await models.openPath('one')
    await models.openPath('two')
    host.emit('models', [modelOf('one')])
    expect(models.active?.id).toBe('one')
  })

  it('opens what the host asks it to open', async () => {
    const models = useModels()
    await models.start()
    host.emit('openPath', { path: 'one' })
    await settle()
    expect(models.active?.id).toBe('one')
  })

  it('keeps an importance file per model', async () => {
    const models = useModels()
    await models.openPath('one')
    models.setImatrix('/models/imatrix.gguf')
    await models.openPath('two')
    expect(models.imatrix).toBeNull()
    models.activate('one')
    expect(models.imatrix).toBe('/models/imatrix.gguf')
  })
})

describe('the tensor store', () => {
  it('follows the active model', async () => {
    const models = useModels()
    const tensors = useTensors()
    await models.openPath('two')
    await settle()
    expect(tensors.state).toBe('ready')
    expect(tensors.layers).toEqual([0, 1])
    expect(tensors.named('blk.1.attn_q.weight')?.role).toBe('attn_q')
    expect(tensors.indexOf('nothing')).toBe(-1)
  })

  it('ignores an answer for a model that is no longer on screen', async () => {
    const slow = Promise.withResolvers<ReturnType<typeof llamaTensors>>()
    host.answers = {
      ...host.answers,
      'models.tensors': ({ model }) => (model === 'one' ? slow.promise : llamaTensors(2)),
    }
    const models = useModels()
    const tensors = useTensors()
    await models.openPath('one')
    await models.openPath('two')
    slow.resolve(llamaTensors(5))
    await settle()
    expect(tensors.layers).toEqual([0, 1])
  })

  it('keeps the error of a list that could not be read', async () => {
    host.answers = {
      ...host.answers,
      'models.tensors': () => ({ code: 'FILE_CHANGED', message: 'The file changed', fault: 'input' }),
    }
    const tensors = useTensors()
    await useModels().openPath('one')
    await settle()
    expect(tensors.state).toBe('failed')
    expect(tensors.error?.code).toBe('FILE_CHANGED')
  })
})
