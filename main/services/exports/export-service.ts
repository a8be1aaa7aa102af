import { existsSync } from 'node:fs'
import type { ExportPreview, ExportRequest, Job, RequestOf } from '../../../preload/contract.ts'
import type { UnfinishedJob } from '../cache/unfinished-jobs.ts'
import type { Core } from '../core.ts'
import type { Library } from '../library/library.ts'
import type { ServedPaths } from '../library/paths.ts'
import type { Lazy } from '../lazy.ts'
import type { StatisticsFiles } from '../measurements/statistics-files.ts'
import { fallbackFindings } from '../plans/fallback-findings.ts'
import { replacements, requantized, resolveChoices } from '../plans/resolve-choices.ts'
import { checkImportance } from './export-checks.ts'
import { ExportWork } from './export-work.ts'
import { layoutExport } from './output-layout.ts'
import { freeBytes } from './target-file.ts'

export interface ExportServiceParts {
  readonly core: Lazy<Core>
  readonly library: Library
  readonly statistics: StatisticsFiles
  readonly served: ServedPaths
}

/** Writes models with other formats. */
export class ExportService {
  readonly #parts: ExportServiceParts

  constructor(parts: ExportServiceParts) {
    this.#parts = parts
  }

  /**
   * The exact size, and what stands in the way. Writes nothing.
   *
   * @throws QuantaloupeError as `resolveChoices`, `checkImportance` and `layoutExport`
   */
  preview(request: RequestOf<'export.preview'>): ExportPreview {
    const { library, statistics, served } = this.#parts
    const opened = library.get(request.model)
    const path = served.writable(request.path)
    const resolved = resolveChoices(opened, request.choices)
    const { origin, statistics: known, findings } = statistics.load(opened.model, request)
    checkImportance(resolved, known)
    return {
      fileBytes: layoutExport(opened.model, resolved, { imatrix: origin, metadata: request.metadata })
        .fileBytes,
      freeBytes: freeBytes(path),
      exists: existsSync(path),
      requantized: requantized(resolved),
      findings: [...findings, ...fallbackFindings(replacements(resolved))],
    }
  }

  /** @throws QuantaloupeError as `ExportWork`, `FOLDER_NOT_FOUND`, `OUTSIDE_ROOTS` */
  async start(request: ExportRequest): Promise<Job> {
    const core = await this.#parts.core.get()
    return core.jobs.start(this.#work(core, request))
  }

  /** An interrupted job's work, from the beginning; its model is opened again. */
  async restore(job: UnfinishedJob): Promise<ExportWork> {
    const core = await this.#parts.core.get()
    const opened = await this.#parts.library.open(job.modelPath)
    return this.#work(core, { ...(JSON.parse(job.request) as ExportRequest), model: opened.id })
  }

  #work(core: Core, request: ExportRequest): ExportWork {
    const { library, statistics, served } = this.#parts
    const opened = library.get(request.model)
    const path = served.writable(request.path)
    return new ExportWork(
      opened,
      { ...request, path },
      { statistics: statistics.load(opened.model, request), findings: core.cache.findings },
    )
  }
}
