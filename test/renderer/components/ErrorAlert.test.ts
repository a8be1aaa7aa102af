import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import ErrorAlert from '../../../renderer/components/ErrorAlert.vue'

it('tells what happened, where, what was expected and what to do', () => {
  const error = {
    code: 'BAD_MAGIC',
    message: 'This is not a GGUF file.',
    place: '/models/a.gguf',
    offset: 4096,
    expected: 'GGUF',
    remedy: 'Download the file again.',
    fault: 'input' as const,
  }
  const text = mount(ErrorAlert, { props: { error } }).text()
  for (const part of [error.message, error.place, 'byte 4,096', error.expected, error.remedy]) {
    expect(text).toContain(part)
  }
  expect(text).not.toContain('fault of Quantaloupe')
})

it('owns up to a fault of the program', () => {
  const error = { code: 'INTERNAL', message: 'Something broke', fault: 'bug' as const }
  expect(mount(ErrorAlert, { props: { error } }).text()).toContain('fault of Quantaloupe (INTERNAL)')
})
