import type {
  AllocationFrontier,
  AnalysisRequest,
  Method,
  MissingMeasurements,
  Plan,
} from '../../../preload/contract.ts'
import { counted, exact } from '../../charts/numbers.ts'

export type MeasureRun = Pick<AnalysisRequest, 'formats' | 'method' | 'tensors'>

/** Missing figures as few analyses: formats of one method that miss the same tensors go together. */
export function missingRuns(missing: readonly MissingMeasurements[]): readonly MeasureRun[] {
  const runs = new Map<string, { formats: string[]; method: Method; tensors: readonly string[] }>()
  for (const { format, method, tensors } of missing) {
    const key = JSON.stringify([method, tensors])
    const run = runs.get(key)
    if (run) run.formats.push(format)
    else runs.set(key, { formats: [format], method, tensors })
  }
  return [...runs.values()]
}

/** Tensors of a plan that are not measured in the format they have. */
export function missingOfPlan({ tensors }: Plan): readonly MissingMeasurements[] {
  const groups = new Map<string, { format: string; method: Method; tensors: string[] }>()
  for (const { name, requested, method, damage } of tensors) {
    if (method === null || damage !== null) continue
    const key = `${requested} ${method}`
    const group = groups.get(key)
    if (group) group.tensors.push(name)
    else groups.set(key, { format: requested, method, tensors: [name] })
  }
  return [...groups.values()]
}

/** Figures that the search would use, and how many of them there are. */
export function missingFigures({ missing, figures }: Pick<AllocationFrontier, 'missing' | 'figures'>) {
  const absent = missing.reduce((sum, group) => sum + group.tensors.length, 0)
  return { absent, all: figures + absent }
}

/** `412 of 836 figures are not measured`; null when all rows of all tensors are. */
export function missingSentence(frontier: AllocationFrontier): string | null {
  const { absent, all } = missingFigures(frontier)
  const sampled = frontier.sampledFigures
  if (absent > 0)
    return `${exact(absent)} of ${counted(all, 'figure')} ${absent === 1 ? 'is' : 'are'} not measured`
  return sampled === 0 ? null : `${exact(sampled)} of ${counted(all, 'figure')} come from a sample of rows`
}
