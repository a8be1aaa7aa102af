import { defineStore } from 'pinia'
import { ref } from 'vue'

export type Panel = 'commands' | 'keys' | 'open'

/**
 * What of the shell is open at the moment.
 *
 * - `panel` the dialog on screen, or null; `show(panel)`, `close()`
 * - `finding` the user asked to find a tensor; the tensor table puts the cursor in its filter and resets it
 */
export const useInterface = defineStore('interface', () => {
  const panel = ref<Panel | null>(null)
  const finding = ref(false)

  function show(next: Panel): void {
    panel.value = next
  }

  function close(): void {
    panel.value = null
  }

  return { panel, finding, show, close }
})
