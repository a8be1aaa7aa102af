import { existsSync } from 'node:fs'
import type { DamageModel } from '../../preload/contract.ts'
import { AllocationRun, choicesOf, type MeasuredFile } from './allocation-run.ts'
import { CALIBRATION, CHUNKS, EVALUATION } from './evaluation.ts'
import { randomPlans } from './random-plans.ts'
import { rankCorrelation } from './rank-correlation.ts'
import { rounded, type Row, type Suite } from './suite.ts'

const PRESETS = ['Q3_K_M', 'Q4_K_M', 'Q5_K_M'] as const
const DAMAGE_MODELS: readonly DamageModel[] = ['error', 'importance', 'priors', 'measured']
/** Random plans are compared on half of that: their divergences differ by far more than the text's noise. */
const DRAWN = { count: 30, seed: 1 }
const PLAN_SIZE = 'Q4_K_M'
const PLAN_CHUNKS = 8

/**
 * Plans at the size of a preset's file, against the preset, with the same quantizer and imatrix on both sides.
 *
 * Plan, file and sensitivities are made by the services. `presetKld`, `ourKld` and `ratio` judge the weights alone: the files'
 * weights decoded to F16, in llama.cpp. `inLlama` is what llama.cpp makes of the files as they are: it also rounds activations
 * to 8 bits, which costs every K format about the same.
 * `spearman` is the rank correlation of predicted damage and divergence over 30 random plans of the size of Q4_K_M.
 */
export const allocationSuite: Suite = {
  name: 'allocation',
  isBare: true,
  title:
    'allocation: our plan against the preset at its file size (sample model with imatrix, reference method)',
  async run(folder) {
    const missing = [CALIBRATION, EVALUATION].find((path) => !existsSync(path))
    if (missing !== undefined) return [{ skipped: `${missing} is not there` }]
    const run = await AllocationRun.start(folder)
    try {
      await run.measureErrors()
      await run.measureSensitivities(CALIBRATION)
      const rows = await comparePresets(run)
      const spearman = await rankRandomPlans(run)
      return rows.map((row) => ({ ...row, spearman: spearman.get(row.damageModel) ?? null }))
    } finally {
      await run.close()
    }
  },
}

async function comparePresets(run: AllocationRun): Promise<ComparedRow[]> {
  const rows: ComparedRow[] = []
  await run.openText(EVALUATION, CHUNKS)
  for (const preset of PRESETS) {
    const theirs = await run.measureFile(await run.presetChoices(preset))
    for (const damageModel of DAMAGE_MODELS) {
      const plan = await run.solve(damageModel, theirs.bytes)
      const ours = await run.measureFile(choicesOf(plan))
      rows.push({ ...comparison(preset, damageModel, theirs, ours), gap: plan.gap })
    }
  }
  return rows
}

type ComparedRow = Row & { readonly damageModel: DamageModel }

function comparison(preset: string, damageModel: DamageModel, theirs: MeasuredFile, ours: MeasuredFile) {
  return {
    preset,
    damageModel,
    bytes: theirs.bytes,
    presetKld: rounded(theirs.weights.kld),
    ourBytes: ours.bytes,
    ourKld: rounded(ours.weights.kld),
    ratio: rounded(ours.weights.kld / theirs.weights.kld),
    presetPpl: theirs.weights.perplexity,
    ourPpl: ours.weights.perplexity,
    inLlama: {
      presetKld: rounded(theirs.whole.kld),
      ourKld: rounded(ours.whole.kld),
      ratio: rounded(ours.whole.kld / theirs.whole.kld),
    },
  }
}

/**
 * Whether more predicted damage means more divergence, over plans that nobody searched for.
 *
 * @returns Spearman's rank correlation by damage model
 */
async function rankRandomPlans(run: AllocationRun): Promise<ReadonlyMap<DamageModel, number>> {
  await run.openText(EVALUATION, PLAN_CHUNKS)
  const preset = await run.presetChoices(PLAN_SIZE)
  const wantedBytes = await run.fileBytes(preset)
  const plans = await randomPlans(Object.keys(preset), await run.commonFormats(), run, {
    wantedBytes,
    ...DRAWN,
  })
  const measured: number[] = []
  for (const plan of plans) measured.push(await run.divergence(plan))
  const correlations = new Map<DamageModel, number>()
  for (const damageModel of DAMAGE_MODELS) {
    const predicted: number[] = []
    for (const plan of plans) predicted.push(await run.predict(damageModel, plan))
    correlations.set(damageModel, rounded(rankCorrelation(predicted, measured)))
  }
  return correlations
}
