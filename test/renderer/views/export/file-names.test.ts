import { expect, test } from 'vitest'
import type { Plan } from '../../../../preload/contract.ts'
import { exportFolder, joinPath, suggestedName } from '../../../../renderer/views/export/file-names.ts'

const plan: Plan = {
  schema: 1, model: 'test', target: 'llama.cpp', damageModel: 'error', fileBytes: 0, bpw: 0,
  predictedDamage: null, lowerBound: null, gap: null,
  tensors: [
    { name: 'a', format: 'Q4_K', requested: 'Q4_K', method: 'reference', bytes: 900, error: null, damage: null },
    { name: 'b', format: 'Q8_0', requested: 'Q8_0', method: 'reference', bytes: 500, error: null, damage: null },
    { name: 'c', format: 'Q8_0', requested: 'Q8_0', method: 'reference', bytes: 300, error: null, damage: null },
  ],
} // prettier-ignore

test.each([
  ['/models/novelist-7m-f16.gguf', 'novelist-7m-Q4_K.gguf'],
  ['/models/llama.Q8_0.gguf', 'llama-Q4_K.gguf'],
  ['/models/qwen-IQ4_XS.gguf', 'qwen-Q4_K.gguf'],
  ['/models/folder/', 'folder-Q4_K.gguf'],
  ['C:\\models\\tiny-bf16.gguf', 'tiny-Q4_K.gguf'],
  ['/models/gemma-3-4b.safetensors', 'gemma-3-4b-Q4_K.gguf'],
])('%s becomes %s', (path, name) => {
  expect(suggestedName(path, plan)).toBe(name)
})

test('paths keep the separator of their system', () => {
  expect([joinPath('/a/b', 'c'), joinPath('/', 'c'), joinPath('C:\\a', 'c')]).toEqual([
    '/a/b/c',
    '/c',
    'C:\\a\\c',
  ])
})

test.each([
  ['/a/b/c.gguf', null, '/a/b'],
  ['/c.gguf', null, '/'],
  ['C:\\a\\c.gguf', null, 'C:\\a'],
  ['/models/deep/c.gguf', ['/other', '/models'], '/models/deep'],
  ['/models/c.gguf', ['/models'], '/models'],
  ['/uploads/1/c.gguf', ['/models', '/other'], '/models'],
  ['/models-old/c.gguf', ['/models'], '/models'],
])('%s with the roots %j is exported to %s', (path, roots, folder) => {
  expect(exportFolder(path, roots)).toBe(folder)
})
