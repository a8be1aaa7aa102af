import type { MenuItemConstructorOptions } from 'electron'
import { describe, expect, it } from 'vitest'
import { menuTemplate } from '../../main/app/menu.ts'
import type { WindowCommand } from '../../preload/contract.ts'

function items(template: readonly MenuItemConstructorOptions[]): MenuItemConstructorOptions[] {
  return template.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? items(item.submenu) : [])])
}

function commands(platform: NodeJS.Platform = 'linux') {
  const sent: WindowCommand[] = []
  const all = items(menuTemplate((command) => sent.push(command), platform, true))
  return all.flatMap((item) => {
    if (!item.click) return []
    item.click({} as never, undefined, {})
    return [{ key: item.accelerator, command: sent.at(-1), registered: item.registerAccelerator }]
  })
}

describe('the menu', () => {
  it('sends the commands of the window under their keys', () => {
    expect(commands().map(({ key, command }) => [key, command])).toEqual([
      ['CmdOrCtrl+O', 'open'],
      ['E', 'export'],
      ['CmdOrCtrl+Z', 'undo'],
      ['CmdOrCtrl+Shift+Z', 'redo'],
      ['CmdOrCtrl+F', 'find'],
      ['CmdOrCtrl+K', 'commands'],
      ['?', 'keys'],
    ])
  })

  it('leaves keys that belong to a text field to the page', () => {
    const left = commands().filter(({ registered }) => !registered)
    expect(left.map(({ key }) => key)).toEqual(['E', 'CmdOrCtrl+Z', 'CmdOrCtrl+Shift+Z', '?'])
  })

  it('has the application menu on macOS alone', () => {
    const roles = (platform: NodeJS.Platform) =>
      menuTemplate(() => undefined, platform, true).map(({ role }) => role)
    expect(roles('darwin')).toContain('appMenu')
    expect(roles('linux')).not.toContain('appMenu')
  })

  it('offers no developer tools when packaged', () => {
    const roles = (isPackaged: boolean) =>
      items(menuTemplate(() => undefined, 'linux', isPackaged)).map(({ role }) => role)
    expect(roles(true)).not.toContain('toggleDevTools')
    expect(roles(false)).toContain('toggleDevTools')
  })
})
