import { QuantaloupeError } from '../../engine/errors.ts'
import type { LlamaModel } from '../library/model.ts'

/** Characters of the text that both tokenizers must cut alike. */
const SAMPLE_LENGTH = 16_384

/** What a candidate must share with the reference for their distributions to be over the same tokens. */
export interface Vocabulary {
  readonly size: number
  readonly type: number
  readonly bos: number | null
  readonly sample: string
  readonly sampleTokens: Int32Array
}

export function vocabularyOf(model: LlamaModel, text: string): Vocabulary {
  const sample = text.slice(0, SAMPLE_LENGTH)
  return {
    size: model.vocabulary,
    type: model.vocabularyType,
    bos: model.bos,
    sample,
    sampleTokens: model.tokenize(sample),
  }
}

/** @throws QuantaloupeError `VOCABULARY_MISMATCH` */
export function checkVocabulary(candidate: LlamaModel, reference: Vocabulary): void {
  const found = vocabularyOf(candidate, reference.sample)
  if (found.size === reference.size && sameTokens(found, reference)) return
  const difference =
    found.size === reference.size
      ? `cuts the text into other tokens than the reference (both have ${found.size})`
      : `has a vocabulary of ${found.size} tokens, the reference ${reference.size}`
  throw new QuantaloupeError('VOCABULARY_MISMATCH', `The candidate ${difference}`, {
    place: candidate.path,
    expected: 'the same tokenizer',
    remedy: 'Compare models that were made from the same source.',
  })
}

function sameTokens(a: Vocabulary, b: Vocabulary): boolean {
  const alike = a.type === b.type && a.bos === b.bos && a.sampleTokens.length === b.sampleTokens.length
  return alike && a.sampleTokens.every((token, index) => token === b.sampleTokens[index])
}
