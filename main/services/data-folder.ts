import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Where the cache and the settings live, the same for every host.
 *
 * `QUANTALOUPE_HOME` when set; else the system's place for application data: `XDG_DATA_HOME` or `~/.local/share`,
 * `~/Library/Application Support`, `%APPDATA%`.
 */
export function dataFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const own = environment['QUANTALOUPE_HOME']
  if (own) return own
  const home = homedir()
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Quantaloupe')
  if (platform === 'win32')
    return join(environment['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'Quantaloupe')
  return join(environment['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'quantaloupe')
}
