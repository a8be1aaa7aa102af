import { existsSync } from 'node:fs'
import chromium from '@sparticuz/chromium'
import { chromium as playwright, type Browser } from 'playwright-core'

const MACHINE_BROWSERS = [
  process.env['QUANTALOUPE_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** A real Chromium: the machine's own, else the one that comes with `@sparticuz/chromium`. */
export async function launchBrowser(): Promise<Browser> {
  const own = MACHINE_BROWSERS.find((path) => path !== undefined && existsSync(path))
  const executablePath = own ?? (await chromium.executablePath())
  return playwright.launch({ executablePath, args: FLAGS, headless: true })
}
