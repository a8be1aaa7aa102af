import { openGguf } from './gguf-model.ts'
import type { Model } from './model.ts'

export function openModel(path: string): Model {
  return openGguf(path)
}
