/**
 * Key combinations are written like `mod+shift+z`: `mod` is Cmd on a Mac and Ctrl elsewhere.
 * A single character stands for the typed one (`?`), whatever keys it takes.
 */
export function comboOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const mod = event.ctrlKey || event.metaKey
  if (!mod && !event.altKey) return key
  return [mod && 'mod', event.altKey && 'alt', event.shiftKey && 'shift', key].filter(Boolean).join('+')
}

/** Keys without a modifier belong to the field they are typed into. */
export function belongsToField(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null
  const field = target?.closest('input, textarea, select, [contenteditable="true"]') ?? null
  return field !== null && !event.ctrlKey && !event.metaKey
}

const NAMES: Readonly<Record<string, string>> = { shift: 'Shift', alt: 'Alt', Enter: 'Enter', Escape: 'Esc' }

/** What a key cap says: `mod+k` on a Mac is `⌘K`. */
export function comboLabel(combo: string, mac: boolean): string {
  const parts = combo.split('+').map((part) => {
    if (part === 'mod') return mac ? '⌘' : 'Ctrl'
    return NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)
  })
  return parts.join(mac ? '' : '+')
}
