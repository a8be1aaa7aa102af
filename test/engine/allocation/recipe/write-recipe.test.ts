import { describe, expect, it } from 'vitest'
import { writeRecipe } from '../../../../main/engine/allocation/recipe/write-recipe.ts'
import { FORMATS } from '../../../../main/engine/quantizers/registry.ts'
import { parseRecipe } from '../../../../main/services/plans/parse-recipe.ts'

describe('a written recipe', () => {
  it('has one anchored, escaped pattern for each tensor, with its type in small letters', () => {
    const { text, findings } = writeRecipe([
      { name: 'token_embd.weight', format: 'Q6_K' },
      { name: 'blk.0.ffn_down.weight', format: 'IQ4_XS' },
    ])
    expect(text).toBe('^token_embd\\.weight$=q6_k\n^blk\\.0\\.ffn_down\\.weight$=iq4_xs\n')
    expect(findings).toEqual([])
  })

  it('writes what a recipe can not hold as codes, and tells of capital letters', () => {
    const { text, findings } = writeRecipe([{ name: 'Model A=b.weight', format: 'Q8_0' }])
    expect(text).toBe('^\\x4dodel\\x20\\x41\\x3db\\.weight$=q8_0\n')
    expect(findings).toMatchObject([{ code: 'CAPITALS_IN_NAME', tensor: 'Model A=b.weight' }])
  })

  it('is read back as it was, whatever the names are', () => {
    const names = [
      'blk.1.attn_q.weight',
      'blk.11.attn_q.weight',
      'blk.1.attn_q.weights',
      'xblk.1.attn_q.weight',
      'blkX1.attn_q.weight',
      'BLK.1.attn_q.weight',
      'a+b*c?(d)[e]{2}|f^g$h\\i',
      'tab\tand space',
      'equals=equals',
      'größe.weight',
    ]
    const planned = names.map((name, index) => ({ name, format: FORMATS[index]!.name }))
    const { formats, findings } = parseRecipe(
      writeRecipe(planned).text,
      names.map((name) => ({ name, quantizable: true })),
    )
    expect(formats).toEqual(new Map(planned.map(({ name, format }) => [name, format])))
    expect(findings).toEqual([])
  })

  it.each(FORMATS)('can say $name', ({ name: format }) => {
    const { text } = writeRecipe([{ name: 'a', format }])
    expect(parseRecipe(text, [{ name: 'a', quantizable: true }]).formats.get('a')).toBe(format)
  })
})
