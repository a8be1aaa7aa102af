import type { Finding } from '../../formats/model.ts'

/** One quantizable tensor and the format it is to be stored in, by its GGUF name. */
export interface PlannedFormat {
  readonly name: string
  readonly format: string
}

/** Text for `llama-quantize --tensor-type-file`. */
export interface WrittenRecipe {
  readonly text: string
  readonly findings: readonly Finding[]
}

/** What means something in a regular expression. */
const SYNTAX = /[\\^$.*+?()[\]{}|]/g

/** What a token can not hold as it is: capitals are made small, whitespace ends it, the first `=` splits it. */
const UNWRITABLE = /[A-Z=\s]/g

/**
 * Writes a recipe that llama-quantize carries out exactly: one anchored, escaped pattern for each tensor, so that no
 * counter of its own rules, no order and no other name can change what a tensor gets.
 *
 * Characters that the recipe can not hold are written as `\xhh`, which its regular expressions understand.
 *
 * @param planned every quantizable tensor; those that keep their stored type too
 * @see llama.cpp tools/quantize/quantize.cpp, parse_tensor_type_file
 */
export function writeRecipe(planned: readonly PlannedFormat[]): WrittenRecipe {
  const text = planned.map(({ name, format }) => `^${escaped(name)}$=${format.toLowerCase()}\n`).join('')
  return { text, findings: planned.flatMap(({ name }) => capitals(name)) }
}

function escaped(name: string): string {
  const plain = name.replaceAll(SYNTAX, String.raw`\$&`)
  return plain.replaceAll(UNWRITABLE, (character) => {
    const code = character.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : character
  })
}

function capitals(name: string): Finding[] {
  if (!/[A-Z]/.test(name)) return []
  const message = `${name} has capital letters, which llama-quantize makes small in patterns; they are written as codes`
  return [{ code: 'CAPITALS_IN_NAME', message, tensor: name }]
}
