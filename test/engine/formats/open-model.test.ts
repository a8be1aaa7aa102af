import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { openModel } from '../../../main/engine/formats/open-model.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import { buildSafetensors } from '../../support/safetensors-builder.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { TemporaryFolder } from '../../support/temporary-folder.ts'
import { errorOf } from '../../support/thrown.ts'

const folder = new TemporaryFolder()
let folders = 0

const GGUF = buildGguf({ tensors: [{ name: 'a', shape: [4] }] })
const IMATRIX = buildGguf({ metadata: [['general.type', 'string', 'imatrix']] })
const SAFETENSORS = buildSafetensors([{ name: 'a', dtype: 'U8', shape: [1], data: new Uint8Array(1) }])

/** A folder with these files. */
function holding(files: Readonly<Record<string, Uint8Array | string>>): string {
  const name = `folder-${folders++}`
  mkdirSync(join(folder.path, name))
  for (const [file, content] of Object.entries(files)) folder.write(`${name}/${file}`, content)
  return join(folder.path, name)
}

describe('the sample', () => {
  test('opens as GGUF', () => {
    const model = openModel(SAMPLE_GGUF)
    expect(model).toMatchObject({
      container: 'gguf',
      name: 'novelist-7m',
      architecture: 'llama',
      parameters: 6_819_072,
      bytes: 13_740_800,
    })
    expect(model.bpw).toBeCloseTo(16.008, 3)
    expect(model.tensors).toHaveLength(57)
    expect(model.tensors.filter((tensor) => tensor.quantizable)).toHaveLength(44)
  })

  test('opens as Hugging Face folder, whatever else lies in it', () => {
    const model = openModel(SAMPLE_FOLDER)
    expect(model).toMatchObject({
      container: 'safetensors',
      architecture: 'llama',
      parameters: 6_819_072,
      bpw: 16,
    })
    expect(model.files.map((file) => file.path)).toEqual([
      join(SAMPLE_FOLDER, 'model.safetensors'),
      join(SAMPLE_FOLDER, 'config.json'),
    ])
  })

  test('opens as safetensors file with the configuration beside it', () => {
    expect(openModel(join(SAMPLE_FOLDER, 'model.safetensors')).architecture).toBe('llama')
  })
})

describe('a file', () => {
  test('is known by its bytes, not by its name', () => {
    expect(openModel(folder.write('blob-1', GGUF)).container).toBe('gguf')
    expect(openModel(folder.write('blob-2', SAFETENSORS)).container).toBe('safetensors')
  })

  test('that is an importance matrix is said to be one', () => {
    expect(errorOf(() => openModel(join(SAMPLE_FOLDER, 'imatrix.gguf')))).toMatchObject({
      code: 'NOT_A_MODEL',
      message: 'This is an importance matrix, not a model',
    })
  })

  test.each([
    ['tjgg', 'This is a GGJT file, which GGUF replaced in 2023'],
    ['PK\u0003\u0004', 'This is a PyTorch checkpoint or another zip archive, which can run code when loaded'],
    [
      'version https://git-lfs.github.com/spec/v1',
      'This is a Git LFS pointer: the model itself was not downloaded',
    ],
    ['hello', 'This is not a model'],
    ['', 'This is not a model'],
  ])('that begins with "%s" is named', (content, message) => {
    const path = folder.write('other.bin', content)
    expect(errorOf(() => openModel(path))).toMatchObject({ code: 'NOT_A_MODEL', message, place: path })
  })

  test('with a zero byte in its path is an error of the input', () => {
    expect(errorOf(() => openModel('a\0b'))).toMatchObject({ code: 'FILE_ERROR', fault: 'input' })
  })

  test('that does not exist is named', () => {
    const path = join(folder.path, 'missing.gguf')
    expect(errorOf(() => openModel(path))).toMatchObject({ code: 'FILE_NOT_FOUND', place: path })
  })
})

describe('a folder', () => {
  test('with one GGUF file opens it', () => {
    expect(openModel(holding({ 'one.gguf': GGUF, 'notes.txt': '' })).container).toBe('gguf')
  })

  test('with one safetensors file and no configuration opens it', () => {
    const model = openModel(holding({ 'one.safetensors': SAFETENSORS }))
    expect(model).toMatchObject({ container: 'safetensors', architecture: null })
  })

  test('with a model and its importance matrix opens the model', () => {
    const path = holding({ 'one.gguf': GGUF, 'importance.gguf': IMATRIX })
    expect(openModel(path).files.map((file) => file.path)).toEqual([join(path, 'one.gguf')])
  })

  test('with the parts of one split opens it', () => {
    const part = (number: number) =>
      buildGguf({
        metadata: [
          ['split.no', 'u16', number],
          ['split.count', 'u16', 2],
        ],
        tensors: [{ name: `t${number}`, shape: [1] }],
      })
    const path = holding({ 'm-00001-of-00002.gguf': part(0), 'm-00002-of-00002.gguf': part(1) })
    expect(openModel(path).tensors).toHaveLength(2)
  })

  test('with several models lists them', () => {
    const path = holding({ 'b.gguf': GGUF, 'a.gguf': GGUF, 'c.safetensors': SAFETENSORS })
    expect(errorOf(() => openModel(path))).toMatchObject({
      code: 'SEVERAL_MODELS',
      message: 'There are 3 models in this folder: a.gguf, b.gguf, c.safetensors',
      place: path,
    })
  })

  test('with many models lists ten', () => {
    const names = Array.from({ length: 12 }, (_, index) => `${String.fromCharCode(97 + index)}.gguf`)
    const path = holding(Object.fromEntries(names.map((name) => [name, GGUF])))
    expect(errorOf(() => openModel(path))?.message).toBe(
      `There are 12 models in this folder: ${names.slice(0, 10).join(', ')} and 2 more`,
    )
  })

  test('without a model says so', () => {
    const path = holding({ 'config.json': '{}' })
    expect(errorOf(() => openModel(path))).toMatchObject({ code: 'NO_MODEL', place: path })
  })
})
