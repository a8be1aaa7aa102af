import { expect, it } from 'vitest'
import { PRESETS } from '../../../../main/engine/allocation/presets/preset-list.ts'
import type { Model } from '../../../../main/engine/formats/model.ts'
import { openModel } from '../../../../main/engine/formats/open-model.ts'
import { describeLlama } from '../../../support/describe-llama.ts'
import { runLlamaQuantize } from '../../../support/llama-quantize.ts'
import type { QuantizeJob } from '../../../support/llama-quantize-process.ts'
import * as shapes from '../../../support/model-shapes.ts'
import { effective, type PresetVariant } from '../../../support/preset-formats.ts'
import { SAMPLE_GGUF } from '../../../support/sample-model.ts'
import { matrix, writeShapedModel } from '../../../support/shaped-model.ts'
import type { ModelShape } from '../../../support/shaped-model.ts'
import { TemporaryFolder } from '../../../support/temporary-folder.ts'

const folder = new TemporaryFolder()

/** llama.cpp v0.5.0, against which this runs, no longer makes NVFP4; the emulated revision does. */
const REFUSED = ['NVFP4']

/** Rows of 64 in this shape fit no format of larger blocks that has no replacement: llama.cpp stops, plans take F16. */
const STOPS: Readonly<Record<string, readonly string[]>> = { LATENT: ['Q1_0'] }

type Variant = PresetVariant & { readonly fileType: number }

/** An imatrix changes nothing of a pure preset. */
const KINDS = [{}, { hasImportance: true }, { pure: true }] as const

const VARIANTS: readonly Variant[] = PRESETS.flatMap(({ name, fileType }) =>
  fileType === null ? [] : KINDS.map((kind) => ({ preset: name, fileType, ...kind })),
)

function job(source: string, { fileType, pure = false, hasImportance = false }: Variant): QuantizeJob {
  return { source, target: null, fileType, pure, importance: hasImportance ? { 'no tensor': [1] } : null }
}

/** Tensors for which llama.cpp decided otherwise. */
function differences(model: Model, variant: Variant, types: Readonly<Record<string, string>>): string[] {
  const formats = effective(model, variant)
  return [...formats]
    .filter(([name, format]) => types[name] !== format)
    .map(([name, format]) => `${JSON.stringify(variant)} ${name}: ${format}, llama.cpp ${types[name]}`)
}

const MODELS = [
  ['the sample', () => SAMPLE_GGUF],
  ...Object.entries(shapes).map(
    ([name, shape]) => [name, () => writeShapedModel(folder.path, shape)] as const,
  ),
] as const

describeLlama('every preset, with and without imatrix, pure or not', () => {
  it.each(MODELS)('has for %s the types that llama.cpp v0.5.0 has', async (name, make) => {
    const source = make()
    const outcomes = await runLlamaQuantize(VARIANTS.map((variant) => job(source, variant)))
    const model = openModel(source)
    const runs = VARIANTS.map((variant, index) => ({ variant, outcome: outcomes[index]! }))
    const done = runs.filter(({ outcome }) => outcome.ok)
    expect(done.flatMap(({ variant, outcome }) => differences(model, variant, outcome.types))).toEqual([])
    const refused = runs.filter(({ outcome }) => !outcome.ok).map(({ variant }) => variant.preset)
    expect(new Set(refused)).toEqual(new Set([...REFUSED, ...(STOPS[name] ?? [])]))
  })
})

/** A model of which nothing but its label and its heads decides about the value matrices. */
function labelled(architecture: string, layers: number, groups: number): ModelShape {
  return {
    architecture,
    layers,
    width: 512,
    feedForward: 1024,
    heads: 8,
    groups,
    vocabulary: 256,
    matrices: ({ width }) => [matrix('attn_v', width, 64 * groups)],
  }
}

describeLlama('the label "70B"', () => {
  it.each([
    ['llama', 80, 2, 'Q5_K'],
    ['llama', 80, 8, 'Q4_K'],
    ['llama', 79, 2, 'Q4_K'],
    ['llama-embed', 80, 2, 'Q5_K'],
    ['llama-embed', 80, 8, 'Q4_K'],
    ['deci', 80, 2, 'Q5_K'],
    ['qwen2', 80, 8, 'Q5_K'],
    ['olmo', 80, 8, 'Q5_K'],
    ['jais2', 68, 8, 'Q5_K'],
    ['jais2', 80, 8, 'Q4_K'],
    ['qwen3', 80, 2, 'Q4_K'],
    ['olmo2', 80, 2, 'Q4_K'],
  ])(
    'gives to %s of %i layers with %i value heads for eight the format %s',
    async (architecture, layers, groups, format) => {
      const path = writeShapedModel(folder.path, labelled(architecture, layers, groups))
      const name = 'blk.40.attn_v.weight'
      const [outcome] = await runLlamaQuantize([{ source: path, target: null, fileType: 14 }])
      expect(outcome).toMatchObject({ ok: true, types: { [name]: format } })
      expect(effective(openModel(path), { preset: 'Q4_K_S' }).get(name)).toBe(format)
    },
  )
})
