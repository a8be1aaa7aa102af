import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { bashCommand, powershellCommand } from '../../../../main/engine/allocation/recipe/shell-quoting.ts'

const WORDS = [
  '/models/plain-7b.gguf',
  'with space.gguf',
  "it's here",
  'a "quoted" name',
  '$HOME/`id`/$(id)',
  'back\\slash',
  'semi;colon & pipe | > < *?[x]{a,b}~!#',
  '~/home',
  'line\nbreak',
  'größe’s “quotes”',
  '',
  '@splat,list',
]

describe('a command line', () => {
  it.skipIf(process.platform === 'win32')('reaches a program from bash as it was', () => {
    const output = execFileSync('bash', ['-c', bashCommand(['printf', '%s\\0', ...WORDS])], {
      encoding: 'utf8',
    })
    expect(output.split('\0').slice(0, -1)).toEqual(WORDS)
  })

  it('leaves plain words as they are', () => {
    const words = ['llama-quantize', '--imatrix', '/a/b-c_d.1.dat', 'Q4_K_M']
    expect(bashCommand(words)).toBe('llama-quantize --imatrix /a/b-c_d.1.dat Q4_K_M')
    expect(powershellCommand(words)).toBe('llama-quantize --imatrix /a/b-c_d.1.dat Q4_K_M')
  })

  it.each([
    ['C:\\models\\a b.gguf', "'C:\\models\\a b.gguf'"],
    ["it's", "'it''s'"],
    ['it’s ‘so‛', "'it’’s ‘‘so‛‛'"],
    ['$env:HOME `n $(id)', "'$env:HOME `n $(id)'"],
    ['@splat', "'@splat'"],
    ['a,b', "'a,b'"],
    ['', "''"],
  ])('for PowerShell holds %s as %s', (word, quoted) => {
    expect(powershellCommand([word])).toBe(quoted)
  })
})
