import { QuantaloupeError } from '../../engine/errors.ts'

export const noNumbers = (path: string): QuantaloupeError =>
  new QuantaloupeError('MODEL_REFUSED', 'llama.cpp computes logits of this model that are no numbers', {
    place: path,
    remedy: 'Its weights may hold infinities or NaN, or values too large for half precision.',
  })
