import { expect, it } from 'vitest'
import { crumbsOf } from '../../../renderer/shell/path-crumbs.ts'

it('leads from the served root down to the folder', () => {
  expect(crumbsOf('/models/llama/7b', ['/other', '/models'])).toEqual([
    { name: '/models', path: '/models' },
    { name: 'llama', path: '/models/llama' },
    { name: '7b', path: '/models/llama/7b' },
  ])
})

it('keeps Windows paths whole', () => {
  expect(crumbsOf('C:\\models\\a', ['C:\\models']).map((crumb) => crumb.path)).toEqual([
    'C:\\models',
    'C:\\models\\a',
  ])
})

it('does not take a folder with a longer name for the root', () => {
  expect(crumbsOf('/models-old', ['/models'])).toEqual([{ name: '/models-old', path: '/models-old' }])
})

it('is empty at the list of roots', () => {
  expect(crumbsOf(null, ['/models'])).toEqual([])
})
