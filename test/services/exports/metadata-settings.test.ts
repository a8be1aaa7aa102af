import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { settingsAsOverrides } from '../../../main/services/exports/metadata-settings.ts'
import type { MetadataSetting } from '../../../preload/contract.ts'
import { buildGguf } from '../../support/gguf-builder.ts'
import {
  callOk,
  codeOf,
  floatTensor,
  testFolder,
  testServices,
  writeSmallModel,
} from '../../support/services.ts'
import { errorOf } from '../../support/thrown.ts'

const set = (
  key: string,
  type: MetadataSetting['type'],
  value: MetadataSetting['value'],
): MetadataSetting => ({
  key,
  type,
  value,
})

async function exportWith(metadata: readonly MetadataSetting[]) {
  const services = testServices()
  const source = writeSmallModel(testFolder())
  const { id: model } = await services.library.open(source)
  const path = join(testFolder(), 'out.gguf')
  const request = { model, choices: {}, path, metadata }
  const preview = await callOk(services, 'export.preview', request)
  const { id } = await callOk(services, 'export.start', {
    ...request,
    overwrite: false,
    allowRequantize: false,
  })
  expect(await services.jobs.finished(id)).toMatchObject({ state: 'done', error: null })
  return { source: openModel(source), written: openModel(path), preview }
}

it('replaces entries in their place and appends the others, at the size that was told', async () => {
  const { source, written, preview } = await exportWith([
    set('my.new', 'i64', '-9223372036854775808'),
    set('general.name', 'string', 'A much longer name than the one before, ünïcode and all'),
  ])
  expect([...written.metadata.keys()]).toEqual([...source.metadata.keys(), 'my.new'])
  expect(written.metadata.get('general.name')?.value).toMatch(/^A much longer .* ünïcode/)
  expect(written.metadata.get('my.new')).toMatchObject({ type: 'i64', value: -(2n ** 63n) })
  expect(written.bytes).toBe(preview.fileBytes)
})

it.each([
  ['u8', 255, 255],
  ['i8', -128, -128],
  ['u16', 65535, 65535],
  ['i16', -32768, -32768],
  ['u32', 4294967295, 4294967295],
  ['i32', -2147483648, -2147483648],
  ['u64', '18446744073709551615', 2n ** 64n - 1n],
  ['f32', 0.1, Math.fround(0.1)],
  ['f64', 1e300, 1e300],
  ['bool', false, false],
  ['string', '', ''],
] as const)('writes %s %s', async (type, value, expected) => {
  const { written } = await exportWith([set('my.value', type, value)])
  expect(written.metadata.get('my.value')).toMatchObject({ type, value: expected })
})

const model = () => {
  const path = join(testFolder(), 'm.gguf')
  writeFileSync(
    path,
    buildGguf({
      metadata: [['my.words', 'array', { elementType: 'string', elements: ['one'] }]],
      tensors: [floatTensor('a.weight', [32], 1)],
    }),
  )
  return openModel(path)
}

it.each([
  ['u8', 256],
  ['u8', -1],
  ['u8', 1.5],
  ['u8', '1'],
  ['i8', -129],
  ['u64', '18446744073709551616'],
  ['u64', '-1'],
  ['u64', 1],
  ['u64', '0x10'],
  ['i64', '9223372036854775808'],
  ['f32', 1e39],
  ['f64', '1'],
  ['bool', 1],
  ['string', 1],
  ['string', '\ud800'],
] as const)('refuses %s %j', (type, value) => {
  const error = errorOf(() => settingsAsOverrides(model(), [set('my.value', type, value)]))
  expect(error).toMatchObject({ code: 'BAD_METADATA' })
  expect(error?.message).toContain('my.value')
})

it.each(['', 'my key', '.a', 'a.', 'a..b', 'a\n', 'schlüssel', 'a'.repeat(65_536)])(
  'refuses the key %j',
  (key) => {
    expect(errorOf(() => settingsAsOverrides(model(), [set(key, 'u8', 1)]))).toMatchObject({
      code: 'BAD_METADATA',
    })
  },
)

it.each([
  ['general.file_type', /formats of the tensors/],
  ['general.quantization_version', /block layouts/],
  ['general.alignment', /where the tensors lie/],
  ['split.count', /no split/],
  ['quantize.imatrix.file', /imatrix/],
  ['my.words', /array/],
])('refuses %s and says why', (key, reason) => {
  const error = errorOf(() => settingsAsOverrides(model(), [set(key, 'u32', 1)]))
  expect(error).toMatchObject({ code: 'BAD_METADATA' })
  expect(error?.message).toMatch(reason)
})

it('refuses a key that is set twice', () => {
  const twice = [set('my.value', 'u8', 1), set('my.value', 'u8', 2)]
  expect(errorOf(() => settingsAsOverrides(model(), twice))).toMatchObject({ code: 'BAD_METADATA' })
})

it('refuses settings of another form at the contract', async () => {
  const services = testServices()
  const { id } = await services.library.open(writeSmallModel(testFolder()))
  const request = {
    model: id,
    choices: {},
    path: join(testFolder(), 'a'),
    metadata: [{ key: 'a', type: 'array', value: 1 }],
  }
  expect(await codeOf(services, 'export.preview', request)).toBe('BAD_REQUEST')
})
