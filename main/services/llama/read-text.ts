import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { QuantaloupeError } from '../../engine/errors.ts'
import { FileBytes } from '../../engine/formats/file-bytes.ts'

/** A text that models are compared on. */
export interface Text {
  /** Of the file, without its folder. */
  readonly name: string
  /** Of the file's bytes. */
  readonly sha256: string
  readonly content: string
}

/** Far more than anybody waits for; it is kept in memory while it is read by llama.cpp. */
const MAX_BYTES = 64 * 2 ** 20

/** What a tokenizer may add: a begin of sequence, a leading space. */
const ADDED_TOKENS = 2

/** SentencePiece turns a space into a character of three bytes, which may be three tokens. */
const MAX_TOKENS_PER_BYTE = 3

/**
 * Reads a text for chunks of `context` tokens. One that is too short for any tokenizer is told at once.
 *
 * @throws QuantaloupeError `TEXT_TOO_SHORT`, `TEXT_TOO_LARGE`, `BAD_TEXT`, those of `FileBytes`
 */
export function readText(path: string, context: number): Text {
  const bytes = FileBytes.with(path, (file) => {
    if (file.size > MAX_BYTES) throw tooLarge(path, file.size)
    return file.read(0, file.size)
  })
  if (bytes.length * MAX_TOKENS_PER_BYTE + ADDED_TOKENS < context) throw tooShort(path, bytes.length, context)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name: basename(path), sha256, content: decode(path, bytes) }
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const details = { place: path, expected: 'a text in UTF-8', remedy: 'Choose a plain text file.' }
    throw new QuantaloupeError('BAD_TEXT', 'This file is no text', details, { cause })
  }
}

function tooShort(path: string, bytes: number, context: number): QuantaloupeError {
  return new QuantaloupeError('TEXT_TOO_SHORT', `The text has only ${bytes} bytes`, {
    place: path,
    expected: `at least ${context} tokens, one context`,
    remedy: 'Give a longer text or a smaller context.',
  })
}

function tooLarge(path: string, bytes: number): QuantaloupeError {
  return new QuantaloupeError('TEXT_TOO_LARGE', `The text has ${bytes} bytes`, {
    place: path,
    expected: `at most ${MAX_BYTES}`,
    remedy: 'Give a part of it.',
  })
}
