import { QuantaloupeError } from '../../engine/errors.ts'
import type { Model } from '../../engine/formats/model.ts'

/**
 * What llama.cpp is given to load a model: its file, or the first of its shards, which leads to the others.
 *
 * @throws QuantaloupeError `CONVERSION_NEEDED`
 */
export function llamaPath(model: Model): string {
  const [first] = model.files
  if (model.container === 'gguf' && first) return first.path
  throw new QuantaloupeError('CONVERSION_NEEDED', 'llama.cpp does not load safetensors models', {
    place: model.path,
    expected: 'a GGUF model',
    remedy: 'Convert it to an F16 or BF16 GGUF with llama.cpp (convert_hf_to_gguf.py) and open that.',
  })
}
