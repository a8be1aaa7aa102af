import { execFileSync } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { testFolder } from './services.ts'

/** A disk of its own (`size=64k`, `size=4m,ro`); null where this process may not mount one. */
export function smallDisk(options: string): string | null {
  const folder = testFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return null
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
  return folder
}
