import { describe } from 'vitest'
import { loadAddon, type NativeAddon } from '../../native/index.ts'

/** Tests of the addon: skipped, and titled so, where it is not built. */
export function describeAddon(title: string, tests: (addon: NativeAddon) => void): void {
  const addon = loadAddon()
  if (addon) describe(title, () => tests(addon))
  else describe.skip(`${title} (the addon is not built: npm run build:native)`, () => undefined)
}
