import { QuantaloupeError } from '../../engine/errors.ts'
import type { Finding } from '../../engine/formats/model.ts'
import { formatByName } from '../../engine/quantizers/registry.ts'
import { typeByName } from '../../engine/tensor/type-geometry.ts'
import { isPlain, namePattern } from './name-pattern.ts'
import type { NamePattern } from './name-pattern.ts'

const MAX_TEXT = 4 * 2 ** 20
const MAX_PATTERN = 4096
/** Patterns that are more than plain text: a millisecond each, and some microseconds for each name. */
const MAX_EXPRESSIONS = 2000
const SHOWN = 80
/** Examples in a finding. */
const NAMED = 3

/** A tensor as far as a recipe knows it. */
export interface RecipeTensor {
  /** GGUF spelling. */
  readonly name: string
  readonly quantizable: boolean
}

export interface ParsedRecipe {
  /** Format by tensor name, for the tensors that a pattern is found in. */
  readonly formats: ReadonlyMap<string, string>
  readonly findings: readonly Finding[]
}

interface Entry {
  readonly line: number
  readonly token: string
  readonly isFound: NamePattern
  readonly format: string
}

/**
 * Reads a recipe as llama-quantize does: tokens between whitespace, each a pattern and a type at its first `=`; patterns
 * are made lower case and searched in the names of the tensors that are quantized at all, and the first one found decides.
 *
 * @throws QuantaloupeError `BAD_RECIPE` with line and reason
 * @see llama.cpp tools/quantize/quantize.cpp, parse_tensor_type_file
 */
export function parseRecipe(text: string, tensors: readonly RecipeTensor[]): ParsedRecipe {
  if (text.length > MAX_TEXT) throw badRecipe(`it is longer than ${MAX_TEXT} characters`)
  const entries = parseEntries(text)
  if (entries.length === 0) throw badRecipe('it is empty')
  const formats = new Map<string, string>()
  const used = new Set<Entry>()
  const quantizable = tensors.filter((tensor) => tensor.quantizable)
  for (const { name } of quantizable) {
    const entry = entries.find(({ isFound }) => isFound(name))
    if (entry) formats.set(name, entry.format)
    if (entry) used.add(entry)
  }
  const unused = entries.filter((entry) => !used.has(entry))
  return { formats, findings: [...tellUnused(unused), ...tellUnnamed(quantizable, formats)] }
}

/** Tokens with the number of their line, from 1. */
function* tokensOf(text: string): Iterable<readonly [line: number, token: string]> {
  for (const [index, line] of text.split('\n').entries()) {
    for (const [token] of line.matchAll(/[^ \t\r\v\f]+/g)) yield [index + 1, token]
  }
}

function parseEntries(text: string): Entry[] {
  let expressions = 0
  return [...tokensOf(text)].map(([line, token]) => {
    if (!isPlain(token.slice(0, token.indexOf('=')))) expressions++
    if (expressions > MAX_EXPRESSIONS)
      throw badRecipe(`it has more than ${MAX_EXPRESSIONS} regular expressions`, line, token)
    return parseEntry(line, token)
  })
}

function parseEntry(line: number, token: string): Entry {
  const split = token.indexOf('=')
  if (split === -1) throw badRecipe('there is no "="', line, token)
  if (split === 0) throw badRecipe('there is no pattern before the "="', line, token)
  if (split === token.length - 1) throw badRecipe('there is no type behind the "="', line, token)
  if (split > MAX_PATTERN)
    throw badRecipe(`the pattern is longer than ${MAX_PATTERN} characters`, line, token)
  const pattern = token.slice(0, split).replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
  const format = parseType(token.slice(split + 1), line, token)
  const isFound = namePattern(pattern)
  if (typeof isFound !== 'function') throw badRecipe(isFound.reason, line, token)
  return { line, token, isFound, format }
}

function parseType(text: string, line: number, token: string): string {
  const name = text.toUpperCase()
  if (formatByName(name)) return name
  const shown = `"${shortened(text)}"`
  if (typeByName(name)) throw badRecipe(`weights can not be quantized to the type ${shown}`, line, token)
  throw badRecipe(`there is no type ${shown}`, line, token)
}

function badRecipe(reason: string, line?: number, token = ''): QuantaloupeError {
  const where =
    line === undefined ? 'The recipe can not be used' : `Line ${line} of the recipe can not be used`
  const expected = 'a line such as ^blk\\.0\\.attn_v\\.weight$=q6_k for each tensor'
  const place = line === undefined ? {} : { place: `line ${line}: ${shortened(token)}` }
  return new QuantaloupeError('BAD_RECIPE', `${where}: ${reason}`, { ...place, expected })
}

function shortened(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}...`
}

function tellUnused(entries: readonly Entry[]): Finding[] {
  if (entries.length === 0) return []
  const shown = entries.slice(0, NAMED).map(({ line, token }) => `line ${line} (${shortened(token)})`)
  const rest = entries.length > NAMED ? ` and ${entries.length - NAMED} more` : ''
  const count = entries.length === 1 ? '1 pattern' : `${entries.length} patterns`
  const message = `${count} of the recipe decide on no tensor of this model: ${shown.join(', ')}${rest}`
  return [{ code: 'RECIPE_UNUSED', message }]
}

function tellUnnamed(tensors: readonly RecipeTensor[], formats: ReadonlyMap<string, string>): Finding[] {
  const unnamed = tensors.filter(({ name }) => !formats.has(name))
  if (unnamed.length === 0) return []
  const names = unnamed.slice(0, NAMED).map(({ name }) => name)
  const rest = unnamed.length > NAMED ? ` and ${unnamed.length - NAMED} more` : ''
  const count = unnamed.length === 1 ? '1 tensor' : `${unnamed.length} tensors`
  const message = `The recipe says nothing of ${count}, which keep the stored type: ${names.join(', ')}${rest}`
  return [{ code: 'RECIPE_INCOMPLETE', message }]
}
