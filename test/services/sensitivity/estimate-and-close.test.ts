import { expect, it, vi } from 'vitest'
import { llamaServices, workFiles, writeText } from '../../support/llama-services.ts'
import { SAMPLE_GGUF } from '../../support/sample-model.ts'
import { testFolder } from '../../support/services.ts'
import { rejectionOf } from '../../support/thrown.ts'

it('ends an estimate with the host, and leaves no file of it', async () => {
  const dataFolder = testFolder()
  const services = llamaServices({ dataFolder })
  const { id: model } = await services.library.open(SAMPLE_GGUF)
  const estimate = rejectionOf(
    services.sensitivity.estimate({
      model,
      text: writeText(testFolder(), 100),
      context: 512,
      tokens: 51_200,
      formats: ['Q4_K'],
      grouping: { kind: 'tensor' },
    }),
  )
  await vi.waitFor(() => expect(workFiles(dataFolder)).toHaveLength(1))
  await services.close()
  expect(await estimate).toMatchObject({ code: 'CANCELLED' })
  expect(workFiles(dataFolder)).toEqual([])
})
