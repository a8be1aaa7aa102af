import { rowBands } from '../../engine/metrics/row-bands.ts'
import { profileOf, summarize } from '../../engine/metrics/summarize.ts'
import type { ErrorSums } from '../../engine/metrics/error-sums.ts'
import type { Finding } from '../../engine/formats/model.ts'
import { rowLength } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { TensorSource } from '../../workers/protocol.ts'
import { tensorSource } from '../measurements/tensor-source.ts'
import type { AnalysisRequest, CachedMeasurement } from '../../../preload/contract.ts'
import type { Cache } from '../cache/cache.ts'
import { figuresOf } from '../cache/measurements.ts'
import type { Figures, MeasurementKey } from '../cache/measurements.ts'
import type { JobContext, JobWork } from '../jobs/job.ts'
import { forEachConcurrently } from '../jobs/limiter.ts'
import type { OpenedModel } from '../library/library.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import type { KnownFingerprints } from '../measurements/known-fingerprints.ts'
import { measurementOf } from '../measurements/known-measurements.ts'
import type { Target } from '../measurements/targets.ts'
import { f32Bytes, planAnalysis } from './analysis-plan.ts'
import type { AnalysisPlan, PlannedTensor } from './analysis-plan.ts'
import { FingerprintReader } from './fingerprint-reader.ts'

export interface AnalysisParts {
  readonly cache: Cache
  readonly fingerprints: KnownFingerprints
  /** Results as they come, cached ones first. */
  readonly onMeasurements: (measurements: readonly CachedMeasurement[]) => void
  /** All results have been told, or no more will come. */
  readonly onEnd: () => void
  /** About the cache and the statistics. */
  readonly findings: readonly Finding[]
}

/** Of the tensor's bytes and of its covariance matrix; empty without one. */
interface Fingerprints {
  readonly tensor: string
  readonly covariance: string
}

/**
 * Measures tensors in formats: what the cache knows is told at once, the rest is measured and stored tensor by tensor.
 *
 * A second run after a kill finds every finished tensor in the cache, so nothing is measured twice.
 */
export class AnalysisWork implements JobWork {
  readonly kind = 'analysis'
  readonly title: string
  readonly modelPath: string
  readonly tensorsTotal: number
  readonly request: unknown
  readonly #opened: OpenedModel
  readonly #request: AnalysisRequest
  readonly #statistics: ActivationStatistics
  readonly #parts: AnalysisParts
  readonly #plan: AnalysisPlan
  readonly #fingerprints: FingerprintReader
  /** Tensors with weights that are NaN or infinite, by name. */
  readonly #nonFinite = new Map<string, NonFiniteTensor>()

  /** @throws QuantaloupeError as {@link planAnalysis} */
  constructor(
    opened: OpenedModel,
    request: AnalysisRequest,
    statistics: ActivationStatistics,
    parts: AnalysisParts,
  ) {
    this.#opened = opened
    this.#request = request
    this.#statistics = statistics
    this.#parts = parts
    this.#plan = planAnalysis(opened, request, statistics)
    this.#fingerprints = new FingerprintReader(parts.fingerprints)
    this.modelPath = opened.model.path
    this.request = request
    this.tensorsTotal = this.#plan.tensors.length
    this.title = `Measure ${request.formats.join(', ')}${request.sample ? ' (sample)' : ''}`
  }

  async run(context: JobContext): Promise<null> {
    try {
      await this.#run(context)
      return null
    } finally {
      this.#parts.onEnd()
    }
  }

  async #run(context: JobContext): Promise<void> {
    for (const finding of [...this.#parts.findings, ...this.#plan.findings]) context.find(finding)
    for (const { tensor, targets, workload } of this.#plan.tensors) {
      context.meter.plan(new Map([[workload, f32Bytes(tensor, targets.length, this.#fraction)]]))
    }
    const unread = this.#plan.tensors.filter((planned) => !this.#tellKnown(context, planned))
    // One tensor more than threads, so that the next is ready when a thread falls idle.
    await forEachConcurrently(unread, context.threads + 1, (planned) => this.#measure(context, planned))
    for (const planned of this.#nonFinite.values()) await this.#findNonFinite(context, planned)
  }

  /** Tells how many weights of a tensor are NaN or infinite, and where the first one is. */
  async #findNonFinite(context: JobContext, { tensor, nonFinite }: NonFiniteTensor): Promise<void> {
    const place = await context.run<'locate'>({
      kind: 'locate',
      source: tensorSource(this.#opened.model, tensor),
    })
    const first = place ? `, the first in row ${place.row}, column ${place.column} (${place.value})` : ''
    const message = `${tensor.name} has ${nonFinite} weights that are NaN or infinite${first}; they are left out`
    context.find({ code: 'NON_FINITE_WEIGHTS', message, tensor: tensor.name })
  }

  /** True when the cache has everything about this tensor. */
  #tellKnown(context: JobContext, planned: PlannedTensor): boolean {
    const [tensor, matrix] = this.#sources(planned)
    const fingerprint = this.#fingerprints.find(tensor)
    const covariance = matrix ? this.#fingerprints.find(matrix) : ''
    if (fingerprint === null || covariance === null) return false
    const known = { tensor: fingerprint, covariance }
    const all = planned.targets.map((target) => this.#cached(planned, target, known))
    if (all.includes(null)) return false
    this.#tell(
      context,
      planned,
      all.flat().filter((measurement) => measurement !== null),
    )
    context.meter.skip(planned.workload, f32Bytes(planned.tensor, planned.targets.length, this.#fraction))
    context.tensorDone()
    return true
  }

  async #measure(context: JobContext, planned: PlannedTensor): Promise<void> {
    const { tensor, targets, workload } = planned
    const fingerprints = await this.#read(context, planned)
    const cached = targets.map((target) => this.#cached(planned, target, fingerprints))
    const missing = targets.filter((_, index) => cached[index] === null)
    this.#tell(
      context,
      planned,
      cached.flat().filter((measurement) => measurement !== null),
    )
    context.meter.skip(workload, f32Bytes(tensor, targets.length - missing.length, this.#fraction))
    if (missing.length > 0) await this.#measureMissing(context, planned, missing, fingerprints)
    context.tensorDone()
  }

  async #read(context: JobContext, planned: PlannedTensor): Promise<Fingerprints> {
    const [tensor, matrix] = this.#sources(planned)
    return {
      tensor: await this.#fingerprints.read(context, tensor),
      covariance: matrix ? await this.#fingerprints.read(context, matrix) : '',
    }
  }

  #sources({ tensor }: PlannedTensor): [tensor: TensorSource, matrix: TensorSource | null] {
    return [tensorSource(this.#opened.model, tensor), this.#statistics.covariance.source(tensor.name)]
  }

  async #measureMissing(
    context: JobContext,
    planned: PlannedTensor,
    missing: readonly Target[],
    fingerprints: Fingerprints,
  ): Promise<void> {
    const bands = await this.#measureBands(context, planned, missing)
    const { tensor } = planned
    const { method } = this.#request
    const entries = missing.map((target, index) => {
      const sums = bands.map((band) => band[index] as ErrorSums)
      const figures = figuresOf(
        summarize(sums, tensor, { requested: target.effective.name, format: target.effective, method }),
      )
      // A sample of a small tensor may have taken every row.
      const fraction = figures.sampledRows === figures.rows ? 1 : this.#fraction
      const key = this.#key(planned, target, fingerprints)
      return { target, key, stored: { figures, fraction }, profile: profileOf(sums) }
    })
    this.#parts.cache.use(({ measurements }) => measurements.storeAll(entries))
    const measured = entries.flatMap(({ target, stored }) =>
      this.#describe(planned, target, stored.figures, false),
    )
    this.#tell(context, { ...planned, tensor }, measured)
  }

  /** Sums per band, per target. */
  async #measureBands(
    context: JobContext,
    { tensor, workload }: PlannedTensor,
    missing: readonly Target[],
  ): Promise<(readonly ErrorSums[])[]> {
    const { method } = this.#request
    const source = tensorSource(this.#opened.model, tensor)
    const targets = missing.map((target) => ({ format: target.effective.name, method }))
    const importance = this.#statistics.importance.get(tensor.name)?.shared ?? null
    const covariance = this.#statistics.covariance.load(tensor.name)
    const bands = rowBands(tensor.shape)
    const results = new Array<readonly ErrorSums[]>(bands.length)
    await forEachConcurrently(bands.keys(), bands.length, async (band) => {
      const task = {
        kind: 'measure',
        source,
        band,
        sample: this.#fraction,
        targets,
        importance,
        covariance,
      } as const
      const sums = await context.run<'measure'>(task)
      results[band] = sums
      context.meter.finish(workload, (sums[0]?.rows ?? 0) * rowLength(tensor) * 4 * missing.length)
      context.progress()
    })
    return results
  }

  #cached(planned: PlannedTensor, target: Target, fingerprints: Fingerprints): CachedMeasurement[] | null {
    const key = this.#key(planned, target, fingerprints)
    const stored = this.#parts.cache.use(({ measurements }) => measurements.find(key))
    if (!stored || stored.fraction < this.#fraction) return null
    return this.#describe(planned, target, stored.figures, true)
  }

  #key({ tensor }: PlannedTensor, target: Target, fingerprints: Fingerprints): MeasurementKey {
    return {
      fingerprint: fingerprints.tensor,
      format: target.effective.name,
      method: this.#request.method,
      importance: this.#statistics.importance.get(tensor.name)?.fingerprint ?? '',
      covariance: fingerprints.covariance,
    }
  }

  #describe(
    { tensor }: PlannedTensor,
    target: Target,
    figures: Figures,
    cached: boolean,
  ): CachedMeasurement[] {
    const { method } = this.#request
    return target.requested.map((requested) => ({
      ...measurementOf(tensor, requested, target.effective, method, figures),
      cached,
    }))
  }

  #tell(context: JobContext, { tensor }: PlannedTensor, measurements: readonly CachedMeasurement[]): void {
    if (measurements.length === 0) return
    const [first] = measurements
    const nonFinite = first?.nonFinite ?? 0
    if (nonFinite > 0) this.#nonFinite.set(tensor.name, { tensor, nonFinite })
    else if (first?.relativeError === null) tellOnce(context, zeroTensor(tensor.name))
    this.#parts.onMeasurements(measurements)
  }

  get #fraction(): number {
    return this.#request.sample ?? 1
  }
}

interface NonFiniteTensor {
  readonly tensor: Tensor
  readonly nonFinite: number
}

function tellOnce(context: JobContext, finding: Finding): void {
  if (!context.findings.some((known) => known.message === finding.message)) context.find(finding)
}

function zeroTensor(tensor: string): Finding {
  return { code: 'ZERO_TENSOR', message: `${tensor} is zero everywhere; it has no relative error`, tensor }
}
