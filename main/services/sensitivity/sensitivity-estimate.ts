import { mkdirSync } from 'node:fs'
import { openComparison } from '../../llama/index.ts'
import type { Comparison } from '../../llama/index.ts'
import type { Model } from '../../engine/formats/model.ts'
import { rowBands } from '../../engine/metrics/row-bands.ts'
import { rowLength, weightCount } from '../../engine/tensor/tensor.ts'
import { createControl } from '../../workers/control.ts'
import type { SensitivityEstimate, SensitivityRequest } from '../../../preload/contract.ts'
import type { SensitivityText } from '../cache/sensitivities.ts'
import type { Core } from '../core.ts'
import { dropTemporary } from '../files/temporary-file.ts'
import type { OpenedModel } from '../library/library.ts'
import { llamaPath } from '../llama/llama-path.ts'
import type { Text } from '../llama/read-text.ts'
import { workPath } from '../llama/work-folder.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import { tensorSource } from '../measurements/tensor-source.ts'
import { weightsIdentity } from '../measurements/weights-identity.ts'
import type { ServiceOptions } from '../options.ts'
import { comparisonRequest } from './comparison-request.ts'
import { planReplacements } from './plan-replacements.ts'
import type { PlannedReplacement, ReplacementPlan } from './plan-replacements.ts'
import { replacementKey } from './replacement-key.ts'

export interface EstimateParts {
  readonly core: Core
  readonly options: Pick<ServiceOptions, 'dataFolder' | 'llamaUrl' | 'threads' | 'useNative'>
  readonly statistics: ActivationStatistics
  readonly text: Text
  readonly signal: AbortSignal
}

/** Weights that a format is timed on. */
const TIMED_WEIGHTS = 2 ** 16

/** Of llama.cpp on this machine, in milliseconds. */
interface Timing {
  readonly start: number
  /** To load a candidate, and to evaluate one chunk of it. */
  readonly load: number
  readonly chunk: number
  /** To evaluate one chunk of the reference and keep what it says. */
  readonly reference: number
}

/**
 * What a measurement would take: counted from the plan and the cache, timed on the first chunk of the text with the source
 * as its own candidate, and on a few rows in each format.
 *
 * @throws QuantaloupeError as `planReplacements` and `openComparison`
 */
export async function estimateSensitivity(
  opened: OpenedModel,
  request: SensitivityRequest,
  parts: EstimateParts,
): Promise<SensitivityEstimate> {
  const { model } = opened
  const { options, text } = parts
  const plan = planReplacements(opened, request, parts.statistics)
  const folder = workPath(options.dataFolder, 'estimate')
  const startedMs = performance.now()
  try {
    mkdirSync(folder)
    const comparison = await openComparison(
      comparisonRequest(model, request, {
        text: text.content,
        threads: options.threads,
        recordFolder: folder,
      }),
      { processUrl: options.llamaUrl, signal: parts.signal },
    )
    try {
      const timing = await time(comparison, model, performance.now() - startedMs)
      const quantizing = await timeFormats(plan, model, parts)
      return summarize(plan, missing(plan, model, comparison, request, parts), comparison, {
        ...timing,
        quantizing,
        modelBytes: model.bytes,
      })
    } finally {
      await comparison.close()
    }
  } finally {
    dropTemporary(folder)
  }
}

async function time(comparison: Comparison, model: Model, start: number): Promise<Timing> {
  const load = await milliseconds(() => comparison.setCandidate(llamaPath(model)))
  const both = await milliseconds(() => comparison.compareChunk(0))
  // What the reference says is recorded now.
  const chunk = await milliseconds(() => comparison.compareChunk(0))
  return { start, load, chunk, reference: Math.max(0, both - chunk) }
}

async function milliseconds(action: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await action()
  return performance.now() - startedMs
}

/** Milliseconds per weight on all threads, by requested format. */
async function timeFormats(
  plan: ReplacementPlan,
  model: Model,
  { core, options, statistics }: EstimateParts,
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>()
  for (const { tensors, format, effective } of plan.replacements) {
    const [tensor, target] = [tensors[0], effective[0]]
    const band = tensor && rowBands(tensor.shape)[0]
    if (times.has(format) || !tensor || !target || !band) continue
    const rows = Math.min(band.rows, Math.max(1, Math.ceil(TIMED_WEIGHTS / rowLength(tensor))))
    const measure = (): Promise<unknown> =>
      core.lane.run<'measure'>({
        kind: 'measure',
        source: tensorSource(model, tensor),
        band: 0,
        sample: rows / band.rows,
        targets: [{ format: target.name, method: 'reference' }],
        importance: statistics.importance.get(tensor.name)?.shared ?? null,
        covariance: null,
        control: createControl(),
        useNative: options.useNative,
      })
    // The first time the thread starts and makes its tables.
    await measure()
    const weights = rows * rowLength(tensor)
    times.set(format, (await milliseconds(measure)) / weights / options.threads)
  }
  return times
}

/** Replacements that the cache does not know; all while a tensor was never read. */
function missing(
  plan: ReplacementPlan,
  model: Model,
  comparison: Comparison,
  { context }: SensitivityRequest,
  { core, statistics, text }: EstimateParts,
): readonly PlannedReplacement[] {
  const weights = weightsIdentity(model, core.fingerprints)
  if (weights === null) return plan.replacements
  const tokens = comparison.chunks * comparison.tokensPerChunk
  const measuredOn: SensitivityText = { name: text.name, sha256: text.sha256, context, tokens }
  return plan.replacements.filter((planned) => {
    const key = replacementKey(weights, measuredOn, planned, statistics)
    return core.cache.use(({ sensitivities }) => sensitivities.find(key)) === null
  })
}

interface Costs extends Timing {
  readonly quantizing: ReadonlyMap<string, number>
  readonly modelBytes: number
}

function summarize(
  plan: ReplacementPlan,
  missing: readonly PlannedReplacement[],
  { chunks, tokensPerChunk, scoredPerChunk, vocabulary }: Comparison,
  { start, load, chunk, reference, quantizing, modelBytes }: Costs,
): SensitivityEstimate {
  const evaluation = load + chunks * chunk
  const twins = missing.reduce((sum, { tensors, format }) => {
    const weights = tensors.reduce((total, tensor) => total + weightCount(tensor), 0)
    return sum + weights * (quantizing.get(format) ?? 0)
  }, 0)
  const all = missing.length === 0 ? 0 : chunks * reference + missing.length * evaluation + twins
  const unknown = new Set(missing.map(({ tensors }) => tensors))
  return {
    groups: plan.groups,
    known: plan.groups - unknown.size,
    evaluations: missing.length,
    tokensPerEvaluation: chunks * tokensPerChunk,
    tokensPerSecond: (chunks * tokensPerChunk * 1000) / evaluation,
    seconds: (start + all) / 1000,
    temporaryBytes: modelBytes + chunks * scoredPerChunk * vocabulary * Float32Array.BYTES_PER_ELEMENT,
  }
}
