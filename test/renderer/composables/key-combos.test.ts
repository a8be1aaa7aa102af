import { expect, it } from 'vitest'
import { belongsToField, comboLabel, comboOf } from '../../../renderer/composables/key-combos.ts'

const press = (key: string, held: KeyboardEventInit = {}) => new KeyboardEvent('keydown', { key, ...held })

it('names combinations the same on every system', () => {
  expect(comboOf(press('k', { ctrlKey: true }))).toBe('mod+k')
  expect(comboOf(press('k', { metaKey: true }))).toBe('mod+k')
  expect(comboOf(press('Z', { ctrlKey: true, shiftKey: true }))).toBe('mod+shift+z')
})

it('takes a typed character as it is, whatever keys it took', () => {
  expect(comboOf(press('?', { shiftKey: true }))).toBe('?')
  expect(comboOf(press('E', { shiftKey: true }))).toBe('e')
})

it('leaves plain keys to the field they are typed into', () => {
  const field = document.createElement('input')
  document.body.append(field)
  const seen: boolean[] = []
  field.addEventListener('keydown', (event) => seen.push(belongsToField(event)))
  field.dispatchEvent(press('e', { bubbles: true }))
  field.dispatchEvent(press('k', { bubbles: true, ctrlKey: true }))
  expect(seen).toEqual([true, false])
})

it('writes key caps as the system does', () => {
  expect(comboLabel('mod+shift+z', false)).toBe('Ctrl+Shift+Z')
  expect(comboLabel('mod+k', true)).toBe('⌘K')
  expect(comboLabel('Escape', false)).toBe('Esc')
})
