import { useEventListener } from '@vueuse/core'
import type { ComputedRef } from 'vue'
import { on } from '../bridge/index.ts'
import { belongsToField, comboOf } from './key-combos.ts'
import type { Command } from './useCommands.ts'

/** Runs commands by key and by the native menu. A key in an open dialog stays there, except with a modifier. */
export function useKeys(commands: ComputedRef<readonly Command[]>): void {
  function run(id: string): void {
    const command = commands.value.find((one) => one.id === id && one.enabled)
    void command?.run()
  }

  useEventListener(window, 'keydown', (event) => {
    if (event.defaultPrevented || belongsToField(event)) return
    const combo = comboOf(event)
    const command = commands.value.find((one) => one.keys.includes(combo))
    if (!command || (isInDialog(event) && !combo.includes('+'))) return
    event.preventDefault()
    if (command.enabled) void command.run()
  })
  on('command', ({ command }) => run(command === 'export' ? 'page.export' : command))
}

function isInDialog(event: KeyboardEvent): boolean {
  return (event.target as HTMLElement | null)?.closest('[role="dialog"]') !== null
}
