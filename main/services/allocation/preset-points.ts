import { presetChoices } from '../../engine/allocation/presets/preset-choices.ts'
import { PRESETS } from '../../engine/allocation/presets/preset-list.ts'
import { QuantaloupeError, toErrorData } from '../../engine/errors.ts'
import type { Method } from '../../engine/quantizers/format.ts'
import type { PresetPoint } from '../../../preload/contract.ts'
import { measureExport } from '../exports/output-layout.ts'
import { bitsPerWeightOf, damageOf } from '../plans/describe-plan.ts'
import { checkPlanImportance } from '../plans/plan-importance.ts'
import { resolveChoices } from '../plans/resolve-choices.ts'
import type { ProblemSource } from './prepared-problem.ts'

/**
 * Every preset as a plan of its own, judged like the frontier: pins, groups and the pool have no say.
 *
 * A preset that can not be made for the model stays in the list with its error.
 */
export function presetPoints(source: ProblemSource): PresetPoint[] {
  const method = source.request.methods[0] ?? 'reference'
  return PRESETS.map(({ name }) => {
    try {
      return presetPoint(source, name, method)
    } catch (error) {
      if (!(error instanceof QuantaloupeError)) throw error
      return { name, fileBytes: 0, bpw: 0, damage: null, error: toErrorData(error) }
    }
  })
}

function presetPoint({ opened, loaded, weigh }: ProblemSource, name: string, method: Method): PresetPoint {
  const { statistics, origin } = loaded
  const hasImportance = statistics.importance.size > 0
  const choices = presetChoices(opened.model, { preset: name, method, hasImportance })
  const weighed = resolveChoices(opened, choices).map(weigh)
  checkPlanImportance(weighed, statistics)
  const { fileBytes } = measureExport(opened.model, weighed, { imatrix: origin })
  return { name, fileBytes, bpw: bitsPerWeightOf(weighed), damage: damageOf(weighed), error: null }
}
