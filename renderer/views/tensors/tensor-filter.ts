import picomatch from 'picomatch/posix'
import type { Tensor } from '../../../preload/contract.ts'

export interface TensorQuery {
  /** Words, all of which occur in the name; a glob when it holds `*` or `?`; `/…/` is a regular expression. */
  readonly text: string
  /** Empty: every one. */
  readonly roles: readonly string[]
  /** `GLOBAL` stands for the tensors of no layer. */
  readonly layers: readonly number[]
  readonly types: readonly string[]
}

export const NO_QUERY: TensorQuery = { text: '', roles: [], layers: [], types: [] }
export const GLOBAL = -1

export type NameTest = (lowerName: string) => boolean

/** Test of a tensor name in lower case; null when the text is not a valid pattern. */
export function nameTest(text: string): NameTest | null {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return () => true
  const regular = /^\/(.+)\/$/.exec(wanted)
  if (regular) return regularTest(regular[1] ?? '')
  if (/[*?[{]/.test(wanted)) return picomatch(wanted)
  const words = wanted.split(/\s+/)
  return (name) => words.every((word) => name.includes(word))
}

function regularTest(source: string): NameTest | null {
  try {
    const pattern = new RegExp(source)
    return (name) => pattern.test(name)
  } catch {
    return null
  }
}

/** Names in lower case, made once per model. */
export function lowerNames(tensors: readonly Tensor[]): readonly string[] {
  return tensors.map((tensor) => tensor.name.toLowerCase())
}

/** Indices of the tensors that match, in file order. An invalid pattern matches nothing. */
export function filterTensors(
  tensors: readonly Tensor[],
  names: readonly string[],
  query: TensorQuery,
): Uint32Array {
  const matches = nameTest(query.text) ?? (() => false)
  const [roles, layers, types] = [new Set(query.roles), new Set(query.layers), new Set(query.types)]
  const found = new Uint32Array(tensors.length)
  let length = 0
  tensors.forEach((tensor, index) => {
    if (roles.size > 0 && !roles.has(tensor.role)) return
    if (layers.size > 0 && !layers.has(tensor.layer ?? GLOBAL)) return
    if (types.size > 0 && !types.has(tensor.type)) return
    if (!matches(names[index] ?? '')) return
    found[length] = index
    length += 1
  })
  return found.slice(0, length)
}
