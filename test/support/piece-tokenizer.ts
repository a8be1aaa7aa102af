/** The tokenizer of a SentencePiece vocabulary in a GGUF, from the algorithm: merge the best-scored pair until none is left. */
import { readMetadataArray } from '../../main/engine/formats/metadata.ts'
import { openModel } from '../../main/engine/formats/open-model.ts'

/** What SentencePiece writes for a space. */
const SPACE = '\u2581'

/** @returns a function from text to token ids, the begin-of-text token in front */
export function pieceTokenizer(path: string): (text: string) => number[] {
  const model = openModel(path)
  const array = (key: string): unknown[] => {
    const entry = model.metadata.get(`tokenizer.ggml.${key}`)
    return entry ? readMetadataArray(model, entry, 0, Infinity) : []
  }
  const pieces = new Map(array('tokens').map((piece, id) => [String(piece), id]))
  const scores = array('scores').map(Number)
  const begin = Number(model.metadata.get('tokenizer.ggml.bos_token_id')?.value)
  const score = (piece: string): number => scores[pieces.get(piece) ?? -1] ?? -Infinity
  return (text) => {
    const words = `${SPACE}${text.replaceAll(' ', SPACE)}`.split(new RegExp(`(?=${SPACE})`))
    return [begin, ...words.flatMap((word) => merged(word, score).flatMap((piece) => idsOf(piece, pieces)))]
  }
}

/** Pieces never cross a space in the vocabularies of the sample models, so that a word is merged alone. */
function merged(word: string, score: (piece: string) => number): string[] {
  const parts = [...word]
  for (;;) {
    let best = -1
    let bestScore = -Infinity
    for (let at = 0; at + 1 < parts.length; at += 1) {
      const pairScore = score(parts[at]! + parts[at + 1]!)
      if (pairScore > bestScore) [best, bestScore] = [at, pairScore]
    }
    if (best < 0) return parts
    parts.splice(best, 2, parts[best]! + parts[best + 1]!)
  }
}

/** Characters outside the vocabulary are spelled byte by byte. */
function idsOf(piece: string, pieces: ReadonlyMap<string, number>): number[] {
  const id = pieces.get(piece)
  if (id !== undefined) return [id]
  const bytes = [...new TextEncoder().encode(piece)]
  return bytes.map((byte) => pieces.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`) ?? 0)
}
