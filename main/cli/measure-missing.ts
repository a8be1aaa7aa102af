import type { Services } from '../services/index.ts'
import type {
  AllocationFrontier,
  AllocationRequest,
  AnalysisRequest,
  MissingMeasurements,
} from '../../preload/contract.ts'
import type { Context } from './context.ts'
import { follow } from './job.ts'

/**
 * Measures the formats that an allocation may choose from and that are not measured yet.
 *
 * @param sample fraction of the rows; all of them when absent
 * @returns what can be weighed then
 * @throws QuantaloupeError what is wrong with the request, what the analysis fails with, or `CANCELLED`
 */
export async function measureMissing(
  context: Context,
  services: Services,
  allocation: AllocationRequest,
  sample: number | undefined,
): Promise<AllocationFrontier> {
  const frontier = await services.allocation.frontier(allocation)
  if (frontier.missing.length === 0) return frontier
  for (const part of analyses(frontier.missing)) {
    const job = await services.analysis.start({
      ...part,
      model: allocation.model,
      ...(sample !== undefined && sample < 1 && { sample }),
      ...(allocation.imatrix !== undefined && { imatrix: allocation.imatrix }),
    })
    await follow(context, services, job)
  }
  return services.allocation.frontier(allocation)
}

/** One analysis for all formats that lack the same tensors. */
function analyses(
  missing: readonly MissingMeasurements[],
): readonly Pick<AnalysisRequest, 'formats' | 'method' | 'tensors'>[] {
  const parts = Map.groupBy(missing, ({ method, tensors }) => JSON.stringify([method, tensors]))
  return [...parts.values()].map((part) => ({
    formats: part.map(({ format }) => format),
    method: part[0]?.method ?? 'reference',
    tensors: part[0]?.tensors ?? [],
  }))
}
