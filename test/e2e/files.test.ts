import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildGguf, putHead } from '../support/gguf-builder.ts'
import { ByteSink } from '../support/byte-sink.ts'
import { SAMPLE_GGUF } from '../support/sample-model.ts'
import { closeError, onlyError, openServed } from '../support/steps.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { dropFiles, HOSTS, openWorkstation, type Workstation } from '../support/workstation.ts'

/** A header that promises more tensors than any disk holds. */
function endlessGguf(): Uint8Array {
  return putHead(new ByteSink(), 2n ** 60n, 0).zeros(64).bytes
}

function smallGguf(): Uint8Array {
  const metadata = [
    ['general.architecture', 'string', 'llama'],
    ['general.name', 'string', 'second model'],
  ] as const
  return buildGguf({ metadata, tensors: [{ name: 'output.weight', shape: [32, 2] }] })
}

describe.each(HOSTS)('files that are dropped in the %s host', (kind) => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page

  beforeAll(async () => {
    copyFileSync(SAMPLE_GGUF, join(folder.path, 'novelist-7m-f16.gguf'))
    folder.write('second.gguf', smallGguf())
    workstation = await openWorkstation(kind, { root: folder.path })
    await page().getByText('Drop a GGUF or a model folder here').waitFor()
  })
  afterAll(() => workstation.close())

  it.each([
    ['a text', 'notes.txt', () => 'just some words', /not a model|neither/i],
    ['a GGUF that promises 2^60 tensors', 'endless.gguf', endlessGguf, /tensor/i],
    ['a GGUF that ends too early', 'short.gguf', () => smallGguf().subarray(0, 70), /end|short|truncated/i],
  ])('%s gives one sentence, what was expected and where', async (_what, name, content, sentence) => {
    await dropFiles(page(), [folder.write(name, content())])
    const text = await onlyError(page())
    expect(text).toMatch(sentence)
    expect(text).toContain('Expected:')
    expect(text).toContain(name)
    expect(text).not.toContain('fault of Quantaloupe')
    await closeError(page())
  })

  it('goes on after the errors', async () => {
    await dropFiles(page(), [join(folder.path, 'novelist-7m-f16.gguf')])
    await page().getByText('Bytes by type').waitFor()
    await dropFiles(page(), [join(folder.path, 'second.gguf')])
    const models = page().getByRole('navigation', { name: 'Models' })
    await models.getByRole('button', { name: 'second model' }).first().waitFor()
    expect(await models.getByRole('button', { name: /^Close/ }).count()).toBe(2)
  })

  it('logged no error', () => {
    expect(workstation.problems.filter((problem) => !problem.startsWith('Failed to load resource'))).toEqual(
      [],
    )
  })
})

describe('the list of served files in the browser host', () => {
  const folder = new TemporaryFolder()
  let workstation: Workstation
  const page = () => workstation.page
  const dialog = () => page().getByRole('dialog', { name: 'Open a model' })
  const models = () => page().getByRole('navigation', { name: 'Models' })

  beforeAll(async () => {
    copyFileSync(SAMPLE_GGUF, join(folder.path, 'novelist-7m-f16.gguf'))
    folder.write('second.gguf', smallGguf())
    folder.write('notes.txt', 'just some words')
    workstation = await openWorkstation('browser', { root: folder.path })
    await page().getByText('Drop a GGUF or a model folder here').waitFor()
  })
  afterAll(() => workstation.close())

  it('opens a model by mouse', async () => {
    await openServed(page(), 'novelist-7m-f16.gguf')
    await page().getByText('Bytes by type').waitFor()
  })

  it('offers models only', async () => {
    await page().keyboard.press('Control+o')
    const other = dialog().getByRole('button', { name: 'notes.txt' })
    await other.waitFor()
    expect(await other.isDisabled()).toBe(true)
    await page().keyboard.press('Escape')
    await dialog().waitFor({ state: 'hidden' })
  })

  it('opens a model by keyboard alone', async () => {
    await page().keyboard.press('Control+o')
    await dialog().getByPlaceholder('Filter').focus()
    await page().keyboard.type('second')
    await page().keyboard.press('Tab')
    const entry = dialog().getByRole('button', { name: 'second.gguf' })
    for (let presses = 0; presses < 5; presses += 1) {
      if (await entry.evaluate((element) => element === document.activeElement)) break
      await page().keyboard.press('Tab')
    }
    await page().keyboard.press('Enter')
    await dialog().waitFor({ state: 'hidden' })
    await models().getByRole('button', { name: 'Close second model' }).waitFor({ state: 'attached' })
  })

  it('keeps a closed model in the recent list and opens it from there', async () => {
    await models().getByRole('button', { name: 'Close second model' }).click({ force: true })
    const recent = models()
      .getByRole('button', { name: /second model/ })
      .first()
    await models().getByText('Recent').waitFor()
    await recent.click()
    await models().getByRole('button', { name: 'Close second model' }).waitFor({ state: 'attached' })
  })

  it('logged no error', () => {
    expect(workstation.problems).toEqual([])
  })
})
