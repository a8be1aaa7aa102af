import { describe, expect, it } from 'vitest'
import { PatternProgram } from '../../../../main/engine/allocation/recipe/pattern-program.ts'
import { PatternError } from '../../../../main/engine/allocation/recipe/pattern-syntax.ts'

const NAMES = [
  '',
  'token_embd.weight',
  'output.weight',
  'blk.0.attn_q.weight',
  'blk.7.ffn_down.weight',
  'blk.17.ffn_down_exps.weight',
  'blk.27.ffn_gate_up_exps.weight',
  'BLK.3.Attn_V.weight',
  'v.blk.3.attn_v weight=x',
  'aaaaaaaaaab',
  'a-b]c^d$e\\f',
]

const PATTERNS = [
  'ffn_down',
  '^output\\.weight$',
  '^blk\\.(0|7|1[0-9])\\.',
  'blk\\.[0-9]{1,2}\\.attn_[qv]',
  'blk\\.\\d+\\.ffn_(down|gate|up)(_exps)?\\.weight$',
  'blk\\.\\d{2}\\.',
  'blk\\.\\d{2,}\\.',
  'a{10}b',
  'a{3,5}?b',
  '^a{11}',
  '(aa)+b$',
  '^(a*)*$',
  '(a|aa)*b',
  'x*',
  '',
  '()',
  'a||b',
  '(|a)b',
  '(?:blk|output)\\.',
  '[^a-z.0-9_]',
  '[a-]',
  '[]a]',
  '[\\]]',
  '[\\d_]w',
  '[.]w',
  '\\x42\\x4c',
  '\\u0062lk',
  '\\bweight\\b',
  'q\\b',
  '\\s',
  '\\w\\.\\w',
  'b]c\\^d\\$e\\\\f',
  '.+\\.weight',
  '^.$',
  '$^',
  'a^',
  '\\t|\\n|=',
  '\\-b',
  '[a-c-e]{2}',
  '}',
]

describe('a pattern', () => {
  it.each(PATTERNS.filter((pattern) => pattern !== '[]a]'))(
    '%s is found where a RegExp finds it',
    (pattern) => {
      const program = new PatternProgram(pattern)
      const expression = new RegExp(pattern)
      const found = NAMES.filter((name) => program.search(name, { steps: 1e6 }))
      expect(found).toEqual(NAMES.filter((name) => expression.test(name)))
    },
  )

  it('may name a class of characters, which a RegExp may not', () => {
    const program = new PatternProgram('^[[:alpha:]]+[[:digit:]_]+$')
    expect(['blk7', 'blk_7', 'blk', '7'].filter((name) => program.search(name, { steps: 1e6 }))).toEqual(['blk7', 'blk_7']) // prettier-ignore
  })

  it.each([
    ['(', 'a "(" is not closed'],
    [')', 'a ")" closes no group'],
    ['a)b', 'a ")" closes no group'],
    ['[a', 'a "[" is not closed'],
    ['[b-a]', 'a range in "[ ]" is turned round'],
    ['[\\d-z]', 'a range in "[ ]" is turned round'],
    ['[[:nothing:]]', 'the class [:nothing:] is not known'],
    ['*a', 'nothing stands before the "*"'],
    ['a|+', 'nothing stands before the "+"'],
    ['(?)', 'groups that begin with "(?" are not read here'],
    ['a**', 'two repetitions follow one another'],
    ['a{2', 'a "{" is no repetition'],
    ['a{3,2}', 'the repetition {3,2} is not possible'],
    ['a{2000}', 'the repetition {2000} is not possible'],
    ['\\', 'the pattern ends too early'],
    ['\\xg0', '\\x wants 2 hexadecimal digits'],
    ['\\q', '\\q means nothing'],
    ['(a)\\1', 'the reference \\1 to a group is not read here'],
    ['(?=a)', 'groups that begin with "(?" are not read here'],
    ['(?<=a)', 'groups that begin with "(?" are not read here'],
    ['((a{900}){900}){900}', 'the pattern is too large'],
    ['('.repeat(101) + ')'.repeat(101), 'more than 100 groups in one another'],
  ])('%s is refused: %s', (pattern, reason) => {
    expect(() => new PatternProgram(pattern)).toThrow(new PatternError(reason))
  })

  it.each(['^(a+)+$', '(a*)*b', '(a|a)*b', '(.*.*.*.*)*x', '(a?){100}a{100}c'])(
    '%s, which takes a backtracking search for ever, takes few steps',
    (pattern) => {
      const budget = { steps: 1e6 }
      expect(new PatternProgram(pattern).search('a'.repeat(200) + '!', budget)).toBe(false)
      expect(budget.steps).toBeGreaterThan(0)
    },
  )

  it('that is anchored is given up at the first letter that differs', () => {
    const budget = { steps: 1000 }
    expect(new PatternProgram('^blk').search('output'.repeat(100), budget)).toBe(false)
    expect(budget.steps).toBeGreaterThan(990)
  })

  it('stops when the steps are used up', () => {
    expect(() => new PatternProgram('a*b').search('a'.repeat(100), { steps: 50 })).toThrow(PatternError)
  })
})
