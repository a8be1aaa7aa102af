import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApplication, type TestApplication } from '../support/application.ts'

let application: TestApplication
beforeAll(async () => {
  application = await startApplication()
})
afterAll(() => application.close())

describe('the native dialogs', () => {
  it('answer with the chosen file', async () => {
    const { dialog } = application.electron
    dialog.showOpenDialog.mockResolvedValueOnce({ filePaths: ['/models/a.gguf'] })
    expect(await application.call('dialog.open', { kind: 'model' })).toEqual({
      ok: true,
      value: '/models/a.gguf',
    })
    const [parent, options] = dialog.showOpenDialog.mock.calls[0]!
    expect(parent).toBe(application.window)
    expect(options).toMatchObject({
      filters: [{ extensions: ['gguf', 'safetensors', 'json'] }, { extensions: ['*'] }],
    })
  })

  it('answer with null when the user changed their mind', async () => {
    expect(await application.call('dialog.open', { kind: 'plan' })).toEqual({ ok: true, value: null })
    expect(await application.call('dialog.save', { suggestedName: 'a.gguf' })).toEqual({
      ok: true,
      value: null,
    })
  })

  it('suggest the name of the export', async () => {
    const { dialog } = application.electron
    dialog.showSaveDialog.mockResolvedValueOnce({ canceled: false, filePath: '/out/b.gguf' })
    expect(await application.call('dialog.save', { suggestedName: 'b.gguf' })).toEqual({
      ok: true,
      value: '/out/b.gguf',
    })
    expect(dialog.showSaveDialog.mock.calls.at(-1)?.[1]).toEqual({ defaultPath: 'b.gguf' })
  })
})
