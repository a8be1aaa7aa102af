import { expect, it, vi } from 'vitest'
import { useArrayPages } from '../../../../renderer/views/metadata/useArrayPages.ts'
import { installFakeBridge } from '../../../support/fake-bridge.ts'

const source = () => ({ model: 'one', key: 'tokens' })

it('fetches only the pages that are looked at, each once', async () => {
  const host = installFakeBridge({
    'models.metadataArray': ({ offset, length }) => ({
      offset,
      length: 1000,
      values: Array.from({ length }, (_none, index) => offset + index),
    }),
  })
  const pages = useArrayPages(source)
  expect(pages.valueAt.value(450)).toBeUndefined()
  pages.valueAt.value(451)
  await vi.waitFor(() => expect(pages.valueAt.value(450)).toBe(450))
  expect(host.calls.map((call) => call.request)).toEqual([{ ...source(), offset: 400, length: 200 }])
})

it('keeps the error of a page that cannot be read', async () => {
  installFakeBridge({
    'models.metadataArray': () => ({ code: 'FILE_CHANGED', message: 'The file changed', fault: 'input' }),
  })
  const pages = useArrayPages(source)
  pages.valueAt.value(0)
  await vi.waitFor(() => expect(pages.error.value?.code).toBe('FILE_CHANGED'))
})
