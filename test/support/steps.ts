/** What a person does in the window, in the words of the window. */
import type { Locator, Page } from 'playwright-core'

/** The bottom bar. */
export function statusBar(page: Page): Locator {
  return page.getByRole('contentinfo')
}

export function goTo(page: Page, name: string): Promise<void> {
  return page.getByRole('navigation', { name: 'Pages' }).getByText(name).click()
}

/**
 * Picks an option, and waits until the menu has faded: it would be taken for the next one. Long lists render the options
 * in sight only, so its name is typed first; lists that can not be searched do not mind.
 */
export async function choose(page: Page, select: string, option: string): Promise<void> {
  await page.getByLabel(select, { exact: true }).click()
  await page.keyboard.insertText(option)
  await page.locator('.n-base-select-option:visible').filter({ hasText: option }).first().click()
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.n-base-select-menu')].every((menu) => !menu.checkVisibility()),
  )
}

/** Opens a file of the only served folder with the browser host's own dialog. */
export async function openServed(page: Page, file: string): Promise<void> {
  await page.keyboard.press('Control+o')
  const dialog = page.getByRole('dialog', { name: 'Open a model' })
  await dialog.getByText('Served folders').click()
  await dialog.locator('button.folder').first().click()
  await dialog.getByRole('button', { name: file }).click()
  await dialog.waitFor({ state: 'hidden' })
}

/** The error that the window shows; the test fails when there is none or more than one. */
export async function onlyError(page: Page): Promise<string> {
  const notices = page.locator('.n-notification')
  await notices.first().waitFor()
  const texts = await notices.allTextContents()
  if (texts.length !== 1) throw new Error(`${texts.length} errors on screen: ${texts.join(' | ')}`)
  return texts[0] ?? ''
}

/** Takes the shown error away. */
export async function closeError(page: Page): Promise<void> {
  await page.locator('.n-notification .n-base-close').click()
  await page.locator('.n-notification').waitFor({ state: 'detached' })
}
