import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PRESETS } from '../../../main/engine/allocation/presets/preset-list.ts'
import { metadataNumber } from '../../../main/engine/formats/metadata.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { readImatrix } from '../../../main/engine/importance/read-imatrix.ts'
import { FORMATS } from '../../../main/engine/quantizers/registry.ts'
import { typeByName } from '../../../main/engine/tensor/type-geometry.ts'
import type { Services } from '../../../main/services/index.ts'
import type { PlanChoices } from '../../../preload/contract.ts'
import { describeLlama } from '../../support/describe-llama.ts'
import { runLlamaQuantize } from '../../support/llama-quantize.ts'
import type { QuantizeJob } from '../../support/llama-quantize-process.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'
import { callOk, testFolder, testServices } from '../../support/services.ts'

const IMATRIX = join(SAMPLE_FOLDER, 'imatrix.gguf')

/** Values by tensor, as llama-quantize hands them to the library. */
const IMPORTANCE = Object.fromEntries(
  [...readImatrix(IMATRIX).entries].map(([name, { values }]) => [name, [...values]]),
)

/** What llama-quantize makes of a recipe, read anew from its description. */
function overridesOf(text: string): QuantizeJob['overrides'] {
  return text
    .split(/\s+/)
    .filter((token) => token !== '')
    .map((token) => {
      const split = token.indexOf('=')
      return [
        token.slice(0, split).toLowerCase(),
        typeByName(token.slice(split + 1).toUpperCase())!.id!,
      ] as const
    })
}

/** Type and bytes of every tensor of a file. */
function tensorsOf(path: string): Record<string, { type: string; bytes: Buffer }> {
  const file = readFileSync(path)
  return Object.fromEntries(
    openModel(path).tensors.map(({ name, type, offsetBytes, bytes }) => [
      name,
      { type, bytes: file.subarray(offsetBytes, offsetBytes + bytes) },
    ]),
  )
}

async function exportTo(
  services: Services,
  model: string,
  path: string,
  choices: PlanChoices,
): Promise<number> {
  const request = { model, path, choices, imatrix: IMATRIX }
  const { fileBytes } = await callOk(services, 'export.preview', request)
  const { id } = await services.exports.start({ ...request, overwrite: false, allowRequantize: false })
  expect(await services.jobs.finished(id)).toMatchObject({ state: 'done' })
  return fileBytes
}

function expectSame(ours: string, theirs: string): void {
  const [a, b] = [tensorsOf(ours), tensorsOf(theirs)]
  const types = (tensors: typeof a) =>
    Object.fromEntries(Object.entries(tensors).map(([name, { type }]) => [name, type]))
  expect(types(a)).toEqual(types(b))
  expect(Object.keys(a).filter((name) => !a[name]!.bytes.equals(b[name]!.bytes))).toEqual([])
}

/** Some formats build large tables first, in llama.cpp and here. */
const SLOW = { timeout: 600_000 }

describeLlama('llama.cpp v0.5.0 makes', () => {
  it('of the recipe of a mixed plan the tensors that an export has, byte for byte', SLOW, async () => {
    const services = testServices({ useNative: true })
    const { id: model, model: sample } = await services.library.open(SAMPLE_GGUF)
    const matrices = sample.tensors.filter(({ quantizable }) => quantizable)
    const choices = Object.fromEntries(
      matrices.map(({ name }, index) => [
        name,
        { format: FORMATS[index % FORMATS.length]!.name, method: 'reference' as const },
      ]),
    )
    const folder = testFolder()
    const [ours, theirs] = [join(folder, 'ours.gguf'), join(folder, 'theirs.gguf')]
    const recipe = await callOk(services, 'plans.recipe', { model, choices, imatrix: IMATRIX })
    const preset = PRESETS.find(({ name }) => recipe.bash.endsWith(` ${name}`))
    await exportTo(services, model, ours, choices)
    const [outcome] = await runLlamaQuantize([
      {
        source: SAMPLE_GGUF,
        target: theirs,
        fileType: preset!.fileType!,
        overrides: overridesOf(recipe.text),
        importance: IMPORTANCE,
      },
    ])
    expect(outcome!.ok).toBe(true)
    expectSame(ours, theirs)
  })

  it.each(['Q4_K_M', 'Q4_K_S', 'Q3_K_M', 'Q5_0', 'IQ4_XS'])(
    'of the preset %s the tensors that an export has, whose size is known before',
    async (preset) => {
      const services = testServices({ useNative: true })
      const { id: model } = await services.library.open(SAMPLE_GGUF)
      const choices = services.plans.presetChoices({ model, preset, method: 'reference', imatrix: IMATRIX })
      const folder = testFolder()
      const [ours, theirs] = [join(folder, 'ours.gguf'), join(folder, 'theirs.gguf')]
      const foretold = await exportTo(services, model, ours, choices)
      expect(readFileSync(ours).length).toBe(foretold)
      const { fileType } = PRESETS.find(({ name }) => name === preset)!
      const [outcome] = await runLlamaQuantize([
        { source: SAMPLE_GGUF, target: theirs, fileType: fileType!, importance: IMPORTANCE },
      ])
      expect(outcome!.ok).toBe(true)
      expectSame(ours, theirs)
      expect(metadataNumber(openModel(ours), 'general.file_type')).toBe(fileType)
    },
  )
})
