import type { Histogram } from '../../engine/metrics/histogram.ts'
import type { CachedMeasurement, ErrorProfile, RequestOf } from '../../../preload/contract.ts'
import type { Core } from '../core.ts'
import type { Lazy } from '../lazy.ts'
import type { Library } from '../library/library.ts'
import { tensorHistogram } from './histograms.ts'
import type { StatisticsFiles } from './statistics-files.ts'
import { checkedFormat } from './targets.ts'

export interface MeasurementServiceParts {
  readonly core: Lazy<Core>
  readonly library: Library
  readonly statistics: StatisticsFiles
  readonly useNative: boolean
}

/** What is known about tensors; nothing is quantized here. */
export class MeasurementService {
  readonly #parts: MeasurementServiceParts

  constructor(parts: MeasurementServiceParts) {
    this.#parts = parts
  }

  /** All cached measurements of one tensor. */
  async ofTensor(request: RequestOf<'tensor.measurements'>): Promise<CachedMeasurement[]> {
    const { known, opened, tensor, statistics } = await this.#tensor(request)
    return known.ofTensor(opened.model, tensor, statistics)
  }

  /** Cached measurements of all tensors in one format. @throws QuantaloupeError `FORMAT_UNKNOWN`, `METHOD_UNSUPPORTED` */
  async ofFormat(request: RequestOf<'measurements.list'>): Promise<CachedMeasurement[]> {
    const { known } = await this.#parts.core.get()
    const format = checkedFormat(request.format, request.method)
    const opened = this.#parts.library.get(request.model)
    const { statistics } = this.#parts.statistics.load(opened.model, request)
    return known.ofFormat(opened.model, format, request.method, statistics)
  }

  /** Null where nothing was measured. */
  async profile(request: RequestOf<'tensor.profile'>): Promise<ErrorProfile | null> {
    const { known, opened, tensor, statistics } = await this.#tensor(request)
    const format = checkedFormat(request.format, request.method)
    const profile = known.profile(opened.model, tensor, format, request.method, statistics)
    // JSON, the way to the window in a browser, has finite numbers only.
    return profile && { ...profile, values: profile.values.map((mse) => (Number.isFinite(mse) ? mse : null)) }
  }

  /** @throws QuantaloupeError `TYPE_NOT_DECODABLE`, `FILE_CHANGED` */
  async histogram(request: RequestOf<'tensor.histogram'>): Promise<Histogram> {
    const { core, library, useNative } = this.#parts
    const { opened, tensor } = library.tensor(request.model, request.tensor)
    return tensorHistogram(await core.get(), opened.model, tensor, useNative)
  }

  async #tensor(request: { readonly model: string; readonly tensor: string; readonly imatrix?: string }) {
    const { known } = await this.#parts.core.get()
    const { opened, tensor } = this.#parts.library.tensor(request.model, request.tensor)
    const { statistics } = this.#parts.statistics.load(opened.model, request)
    return { known, opened, tensor, statistics }
  }
}
