import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../../main/services/plans/parse-recipe.ts'
import { errorOf } from '../../support/thrown.ts'

const TENSORS = [
  'token_embd.weight',
  'blk.0.attn_v.weight',
  'blk.0.ffn_down.weight',
  'blk.1.attn_v.weight',
  'blk.1.ffn_down.weight',
].map((name) => ({ name, quantizable: true }))

const NORM = { name: 'blk.0.attn_norm.weight', quantizable: false }

function formats(text: string): Record<string, string> {
  return Object.fromEntries(parseRecipe(text, [...TENSORS, NORM]).formats)
}

describe('a recipe', () => {
  it('is a list of patterns and types between any whitespace', () => {
    expect(formats(' ffn_down=q6_k\tblk\\.0\\.attn_v=q8_0\r\n\n\f token_embd=f16 ')).toEqual({
      'blk.0.ffn_down.weight': 'Q6_K',
      'blk.1.ffn_down.weight': 'Q6_K',
      'blk.0.attn_v.weight': 'Q8_0',
      'token_embd.weight': 'F16',
    })
  })

  it('is decided by the first pattern that is found', () => {
    expect(formats('blk\\.1\\.=q4_k blk\\.=q5_k .=q6_k')).toEqual({
      'token_embd.weight': 'Q6_K',
      'blk.0.attn_v.weight': 'Q5_K',
      'blk.0.ffn_down.weight': 'Q5_K',
      'blk.1.attn_v.weight': 'Q4_K',
      'blk.1.ffn_down.weight': 'Q4_K',
    })
  })

  it('takes capital letters in patterns for small ones, and types in either', () => {
    expect(formats('TOKEN_EMBD=Q6_k \\D=q4_K')).toMatchObject({
      'token_embd.weight': 'Q6_K',
      'blk.0.attn_v.weight': 'Q4_K',
    })
    expect(formats('^token\\D=q4_k')).toEqual({})
  })

  it('splits at the first "="', () => {
    expect(errorOf(() => formats('a=b=q4_k'))).toMatchObject({ code: 'BAD_RECIPE', message: expect.stringContaining('"b=q4_k"') as string }) // prettier-ignore
  })

  it('decides on no tensor that llama.cpp does not quantize', () => {
    expect(formats('attn_norm=q4_k')).toEqual({})
  })

  it('tells of patterns that decide on nothing, and of tensors that no pattern is found in', () => {
    const { findings } = parseRecipe('attn_v=q4_k\nattn=q5_k\nffn_up=q5_k', [...TENSORS, NORM])
    expect(findings).toEqual([
      {
        code: 'RECIPE_UNUSED',
        message:
          '2 patterns of the recipe decide on no tensor of this model: line 2 (attn=q5_k), line 3 (ffn_up=q5_k)',
      },
      {
        code: 'RECIPE_INCOMPLETE',
        message:
          'The recipe says nothing of 3 tensors, which keep the stored type: token_embd.weight, blk.0.ffn_down.weight, blk.1.ffn_down.weight',
      },
    ])
  })

  it.each([
    ['attn_v', 'there is no "="'],
    ['=q4_k', 'there is no pattern before the "="'],
    ['attn_v=', 'there is no type behind the "="'],
    ['attn_v=q4_x', 'there is no type "q4_x"'],
    ['attn_v=i32', 'weights can not be quantized to the type "i32"'],
    ['attn_v=q8_k', 'weights can not be quantized to the type "q8_k"'],
    ['attn_(v=q4_k', 'error parsing regexp: missing closing ): `attn_(v`'],
    ['(?=a)=q4_k', 'there is no type "a)=q4_k"'],
    ['# a comment', 'there is no "="'],
    [`${'a'.repeat(5000)}=q4_k`, 'the pattern is longer than 4096 characters'],
  ])('with a bad line is refused as a whole: %s', (token, reason) => {
    const error = errorOf(() => formats(`ffn_down=q6_k\n\n  ${token}\nffn_up=q6_k`))
    expect(error).toMatchObject({
      code: 'BAD_RECIPE',
      message: `Line 3 of the recipe can not be used: ${reason}`,
    })
    expect(error?.place).toContain(`line 3: ${token.split(' ')[0]!.slice(0, 80)}`)
  })

  it.each([
    ['', 'it is empty'],
    [' \n\t', 'it is empty'],
    ['a=q4_k '.repeat(700_000), 'it is longer than 4194304 characters'],
  ])('of nothing or too much is refused', (text, reason) => {
    expect(errorOf(() => formats(text))).toMatchObject({
      code: 'BAD_RECIPE',
      message: `The recipe can not be used: ${reason}`,
    })
  })

  it('with a pattern that other engines take ages for is read at once', () => {
    const names = Array.from({ length: 50 }, (_, index) => ({
      name: `${'a'.repeat(1000)}.${index}`,
      quantizable: true,
    }))
    expect(parseRecipe('(a?){400}b=q4_k (a+)+$=q5_k', names).formats.size).toBe(0)
  })

  it('with more regular expressions than anybody writes is refused', () => {
    const text = Array.from({ length: 2001 }, (_, index) => `blk.${index}=q4_k`).join('\n')
    expect(errorOf(() => parseRecipe(text, TENSORS))).toMatchObject({
      code: 'BAD_RECIPE',
      message: 'Line 2001 of the recipe can not be used: it has more than 2000 regular expressions',
    })
  })

  it('of as many lines as a large model has tensors is read', () => {
    const names = Array.from({ length: 4000 }, (_, index) => `blk.${index}.ffn_down_exps.weight`)
    const text = names.map((name) => `${name.replaceAll('.', '\\.')}=q4_k`).join('\n')
    const tensors = names.map((name) => ({ name, quantizable: true }))
    expect(parseRecipe(text, tensors).formats.size).toBe(4000)
  })
})
