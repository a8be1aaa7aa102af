/** One character out of several, or the one with a code. */
export interface CharacterNode {
  readonly kind: 'character'
  readonly code: number | null
  readonly accepts: (code: number) => boolean
}

/** What a pattern is made of. */
export type PatternNode =
  | CharacterNode
  | { readonly kind: 'assertion'; readonly holds: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly least: number; readonly most: number }

export type Assertion = 'start' | 'end' | 'wordBoundary'

/** Why a pattern is refused; the reader of the recipe says where. */
export class PatternError extends Error {}

const MAX_NESTING = 100
const MAX_REPEAT = 1000

/**
 * Reads a regular expression of the ECMAScript kind that `std::regex` takes, but for what can not be matched in linear
 * time or is never written in recipes: references to groups, and looking ahead.
 *
 * @throws PatternError
 */
export function parsePattern(pattern: string): PatternNode {
  const reader = new PatternReader(pattern)
  return reader.read()
}

export function isWordCharacter(code: number): boolean {
  return CLASSES.w(code)
}

const between = (first: string, last: string) => (code: number) =>
  code >= first.charCodeAt(0) && code <= last.charCodeAt(0)
const isDigit = between('0', '9')
const isSmall = between('a', 'z')
const isCapital = between('A', 'Z')
const isSpace = (code: number) => code === 32 || (code >= 9 && code <= 13)

/** `\d`, `\s`, `\w`; their opposites can not occur, because patterns are made lower case. */
const CLASSES = {
  d: isDigit,
  s: isSpace,
  w: (code: number) => isDigit(code) || isSmall(code) || isCapital(code) || code === 95,
}

const NAMED_CLASSES: ReadonlyMap<string, (code: number) => boolean> = new Map([
  ['digit', isDigit],
  ['lower', isSmall],
  ['upper', isCapital],
  ['alpha', (code) => isSmall(code) || isCapital(code)],
  ['alnum', (code) => isDigit(code) || isSmall(code) || isCapital(code)],
  ['space', isSpace],
])

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
  ['0', 0],
])

class PatternReader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): PatternNode {
    const node = this.#choice()
    if (this.#at < this.#text.length) throw new PatternError('a ")" closes no group')
    return node
  }

  #choice(): PatternNode {
    const options = [this.#sequence()]
    while (this.#accept('|')) options.push(this.#sequence())
    return options.length === 1 && options[0] ? options[0] : { kind: 'choice', options }
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = []
    while (this.#at < this.#text.length && !'|)'.includes(this.#peek())) parts.push(this.#term())
    return { kind: 'sequence', parts }
  }

  #term(): PatternNode {
    if (this.#accept('^')) return { kind: 'assertion', holds: 'start' }
    if (this.#accept('$')) return { kind: 'assertion', holds: 'end' }
    if (this.#accept(String.raw`\b`)) return { kind: 'assertion', holds: 'wordBoundary' }
    return this.#repeated(this.#atom())
  }

  #atom(): PatternNode {
    const start = this.#take()
    if ('*+?{'.includes(start)) throw new PatternError(`nothing stands before the "${start}"`)
    if (start === '(') return this.#group()
    if (start === '[') return anyOf(this.#class())
    if (start === '.') return anyOf((code) => code !== 10 && code !== 13)
    if (start === '\\') return this.#escaped()
    return exactly(start.charCodeAt(0))
  }

  #group(): PatternNode {
    if (!this.#accept('?:') && this.#peek() === '?') {
      throw new PatternError('groups that begin with "(?" are not read here')
    }
    this.#depth += 1
    if (this.#depth > MAX_NESTING) throw new PatternError(`more than ${MAX_NESTING} groups in one another`)
    const inner = this.#choice()
    if (!this.#accept(')')) throw new PatternError('a "(" is not closed')
    this.#depth -= 1
    return inner
  }

  /** A part with what stands behind it; whether as many or as few as possible makes no difference to a search. */
  #repeated(part: PatternNode): PatternNode {
    const range = this.#range()
    if (!range) return part
    this.#accept('?')
    if (this.#at < this.#text.length && '*+?{'.includes(this.#peek())) {
      throw new PatternError(`two repetitions follow one another`)
    }
    return { kind: 'repeat', part, ...range }
  }

  #range(): { least: number; most: number } | null {
    if (this.#accept('*')) return { least: 0, most: Infinity }
    if (this.#accept('+')) return { least: 1, most: Infinity }
    if (this.#accept('?')) return { least: 0, most: 1 }
    if (!this.#accept('{')) return null
    const [whole, from = '', comma, to] = /^(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at)) ?? []
    if (whole === undefined) throw new PatternError('a "{" is no repetition')
    this.#at += whole.length
    const least = Number(from)
    const most = comma === undefined ? least : to === undefined || to === '' ? Infinity : Number(to)
    const isTooMuch = least > MAX_REPEAT || (most !== Infinity && most > MAX_REPEAT)
    if (isTooMuch || most < least) throw new PatternError(`the repetition {${whole} is not possible`)
    return { least, most }
  }

  #class(): (code: number) => boolean {
    const isNegated = this.#accept('^')
    const members: ((code: number) => boolean)[] = []
    while (!this.#accept(']')) {
      if (this.#at >= this.#text.length) throw new PatternError('a "[" is not closed')
      members.push(this.#classMember())
    }
    return (code) => members.some((accepts) => accepts(code)) !== isNegated
  }

  #classMember(): (code: number) => boolean {
    const named = /^\[:([a-z]+):\]/.exec(this.#text.slice(this.#at))
    if (named) return this.#namedClass(named[0], named[1] ?? '')
    const first = this.#classCharacter()
    const isRange = this.#peek() === '-' && (this.#text[this.#at + 1] ?? ']') !== ']'
    if (!isRange) return first.accepts
    this.#take()
    const last = this.#classCharacter()
    if (first.code === null || last.code === null || last.code < first.code) {
      throw new PatternError('a range in "[ ]" is turned round')
    }
    const [from, to] = [first.code, last.code]
    return (code) => code >= from && code <= to
  }

  #namedClass(whole: string, name: string): (code: number) => boolean {
    const accepts = NAMED_CLASSES.get(name)
    if (!accepts) throw new PatternError(`the class ${whole} is not known`)
    this.#at += whole.length
    return accepts
  }

  #classCharacter(): CharacterNode {
    const start = this.#take()
    return start === '\\' ? this.#escaped() : exactly(start.charCodeAt(0))
  }

  /** What a backslash means; a class has no code of its own. */
  #escaped(): CharacterNode {
    const name = this.#take()
    if (name === 'd' || name === 's' || name === 'w') return anyOf(CLASSES[name])
    const code = CONTROLS.get(name) ?? this.#coded(name) ?? name.charCodeAt(0)
    if (/[1-9]/.test(name)) throw new PatternError(`the reference \\${name} to a group is not read here`)
    if (/[a-z]/.test(name) && !CONTROLS.has(name) && name !== 'x' && name !== 'u') {
      throw new PatternError(`\\${name} means nothing`)
    }
    return exactly(code)
  }

  /** `\xhh` and `\uhhhh`. */
  #coded(name: string): number | undefined {
    const length = { x: 2, u: 4 }[name]
    if (length === undefined) return undefined
    const digits = this.#text.slice(this.#at, this.#at + length)
    if (digits.length < length || !/^[\da-f]+$/.test(digits)) {
      throw new PatternError(`\\${name} wants ${length} hexadecimal digits`)
    }
    this.#at += length
    return Number.parseInt(digits, 16)
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #take(): string {
    if (this.#at >= this.#text.length) throw new PatternError('the pattern ends too early')
    return this.#text[this.#at++] ?? ''
  }

  #accept(part: string): boolean {
    if (!this.#text.startsWith(part, this.#at)) return false
    this.#at += part.length
    return true
  }
}

function exactly(expected: number): CharacterNode {
  return { kind: 'character', code: expected, accepts: (code) => code === expected }
}

function anyOf(accepts: (code: number) => boolean): CharacterNode {
  return { kind: 'character', code: null, accepts }
}
