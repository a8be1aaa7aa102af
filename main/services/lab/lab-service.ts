import type { ExploredGroup } from '../../engine/rounding/explore-row.ts'
import { createControl } from '../../workers/control.ts'
import type { RequestOf } from '../../../preload/contract.ts'
import type { Core } from '../core.ts'
import type { Lazy } from '../lazy.ts'
import type { Library } from '../library/library.ts'
import type { StatisticsFiles } from '../measurements/statistics-files.ts'
import { checkedFormat } from '../measurements/targets.ts'
import { tensorSource } from '../measurements/tensor-source.ts'

export interface LabServiceParts {
  readonly core: Lazy<Core>
  readonly library: Library
  readonly statistics: StatisticsFiles
  readonly useNative: boolean
}

/** Close looks at single blocks; nothing is kept. */
export class LabService {
  readonly #parts: LabServiceParts

  constructor(parts: LabServiceParts) {
    this.#parts = parts
  }

  /** @throws QuantaloupeError `FORMAT_UNKNOWN`, `METHOD_UNSUPPORTED`, what the task `explore` reports */
  async block(request: RequestOf<'lab.block'>): Promise<ExploredGroup> {
    const { core, library, statistics: files, useNative } = this.#parts
    const { opened, tensor } = library.tensor(request.model, request.tensor)
    const format = checkedFormat(request.format, request.method).name
    const { statistics } = files.load(opened.model, request)
    const { lane } = await core.get()
    return lane.run<'explore'>({
      kind: 'explore',
      source: tensorSource(opened.model, tensor),
      row: request.row,
      group: request.block,
      target: { format, method: request.method },
      importance: statistics.importance.get(tensor.name)?.shared ?? null,
      useNative,
      control: createControl(),
    })
  }
}
