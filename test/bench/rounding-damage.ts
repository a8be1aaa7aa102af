import { existsSync } from 'node:fs'
import type { Method } from '../../main/engine/quantizers/format.ts'
import { AllocationRun, type MeasuredFile, type UsedImatrix } from './allocation-run.ts'
import { CHUNKS, EVALUATION } from './evaluation.ts'
import { rounded, type Row, type Suite } from './suite.ts'

const PRESETS = ['Q4_0', 'Q3_K_S', 'IQ4_NL'] as const
const METHODS = ['reference', 'optimal', 'optimal-square', 'optimal-ggml'] as const satisfies Method[]

/**
 * Whole files by each method, judged by llama.cpp: `kld` and `perplexity` of the file as it is (activations rounded too),
 * `weightsKld` of its weights alone; `ratio` is that to the file of `reference`.
 */
export const roundingDamageSuite: Suite = {
  name: 'rounding-damage',
  title: 'rounding-damage: divergence and perplexity of exports of the sample model, by method',
  isBare: true,
  async run(folder) {
    if (!existsSync(EVALUATION)) return [{ skipped: `${EVALUATION} is not there` }]
    const run = await AllocationRun.start(folder)
    try {
      await run.openText(EVALUATION, CHUNKS)
      const rows: Row[] = []
      for (const preset of PRESETS) {
        rows.push(...(await compareMethods(run, preset, true)), ...(await compareMethods(run, preset, false)))
      }
      return rows
    } finally {
      await run.close()
    }
  },
}

async function compareMethods(
  run: AllocationRun,
  preset: string,
  importance: boolean,
): Promise<readonly Row[]> {
  const imatrix: UsedImatrix | undefined = importance ? undefined : {}
  const files: (readonly [Method, MeasuredFile])[] = []
  for (const method of METHODS) {
    files.push([method, await run.measureFile(await run.presetChoices(preset, method, imatrix), imatrix)])
  }
  const reference = files[0]?.[1]
  return files.map(([method, { whole, weights }]) => ({
    preset,
    importance,
    method,
    perplexity: Number(whole.perplexity.toPrecision(6)),
    kld: rounded(whole.kld),
    weightsKld: rounded(weights.kld),
    ratio: reference === undefined ? null : rounded(weights.kld / reference.weights.kld),
  }))
}
