import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { QuantaloupeError } from '../../engine/errors.ts'
import type { GgufLayout } from '../../engine/formats/gguf-writer.ts'
import type { Finding } from '../../engine/formats/model.ts'
import { openModel } from '../../engine/formats/open-model.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import type { ExportRequest, ExportResult } from '../../../preload/contract.ts'
import { writeError } from '../files/file-errors.ts'
import { commitFile, dropTemporary, removeDebris, temporaryPath } from '../files/temporary-file.ts'
import type { JobContext, JobWork } from '../jobs/job.ts'
import { forEachConcurrently } from '../jobs/limiter.ts'
import type { OpenedModel } from '../library/library.ts'
import type { LoadedStatistics } from '../measurements/statistics-files.ts'
import { fallbackFindings } from '../plans/fallback-findings.ts'
import { replacements, resolveChoices } from '../plans/resolve-choices.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'
import { checkImportance, checkRequantize, checkSources } from './export-checks.ts'
import { exportPieces, workloadOf } from './export-tasks.ts'
import { layoutExport } from './output-layout.ts'
import { checkSpace, checkTarget } from './target-file.ts'

const HASHED_AT_ONCE = 2 ** 20

export interface ExportParts {
  readonly statistics: LoadedStatistics
  /** About the cache. */
  readonly findings: readonly Finding[]
}

/**
 * Writes a GGUF: to a temporary file beside the target, checked and synced, then renamed.
 *
 * Whatever ends it early leaves the old file or none, and no temporary one; a kill leaves a temporary file,
 * which the next export into the folder removes.
 */
export class ExportWork implements JobWork {
  readonly kind = 'export'
  readonly title: string
  readonly modelPath: string
  readonly tensorsTotal: number
  readonly request: ExportRequest
  readonly #opened: OpenedModel
  readonly #parts: ExportParts
  readonly #resolved: readonly ResolvedTensor[]

  /**
   * Checks everything that can be checked before the first byte.
   *
   * @param request its path is one that may be written to
   * @throws QuantaloupeError as `resolveChoices`, `layoutExport`, `checkTarget`, `checkSpace`, and `REQUANTIZE`,
   *   those of `checkImportance`
   */
  constructor(opened: OpenedModel, request: ExportRequest, parts: ExportParts) {
    const { model } = opened
    this.#opened = opened
    this.#parts = parts
    this.#resolved = resolveChoices(opened, request.choices)
    this.request = request
    this.title = `Export ${basename(request.path)}`
    this.modelPath = model.path
    this.tensorsTotal = model.tensors.length
    const { fileBytes } = this.#layout()
    checkRequantize(this.#resolved, request.allowRequantize)
    checkImportance(this.#resolved, parts.statistics.statistics)
    checkTarget(request.path, model, request.overwrite)
    checkSpace(request.path, fileBytes)
  }

  async run(context: JobContext): Promise<ExportResult> {
    const started = performance.now()
    const { path, overwrite } = this.request
    const { model } = this.#opened
    for (const finding of this.#findings()) context.find(finding)
    const temporary = temporaryPath(path)
    try {
      removeDebris(dirname(path))
      const fileBytes = await this.#write(context, temporary)
      checkSources(model)
      const sha256 = await this.#check(context, temporary, fileBytes)
      await context.checkpoint()
      // Once more: other programs may have put something there meanwhile.
      checkTarget(path, model, overwrite)
      commitFile(temporary, path, overwrite)
      return { path, fileBytes, sha256, seconds: (performance.now() - started) / 1000 }
    } catch (error) {
      dropTemporary(temporary)
      throw writeError(error, path)
    }
  }

  #findings(): readonly Finding[] {
    const { findings, statistics } = this.#parts
    return [...findings, ...statistics.findings, ...fallbackFindings(replacements(this.#resolved))]
  }

  #layout(): GgufLayout {
    const { origin: imatrix } = this.#parts.statistics
    return layoutExport(this.#opened.model, this.#resolved, { imatrix, metadata: this.request.metadata })
  }

  /** Returns the bytes the file must have. */
  async #write(context: JobContext, temporary: string): Promise<number> {
    const { model } = this.#opened
    const { statistics } = this.#parts.statistics
    // Again, because the source may have changed while the job waited.
    const { header, tensorOffsets, fileBytes } = this.#layout()
    checkSpace(this.request.path, fileBytes)
    for (const entry of this.#resolved) {
      context.meter.plan(new Map([[workloadOf(entry), weightCount(entry.tensor) * 4]]))
    }
    await createFile(temporary, header, fileBytes)
    const pieces = exportPieces(model, this.#resolved, statistics, { outputPath: temporary, tensorOffsets })
    const left = new Map(this.#resolved.map(({ tensor }) => [tensor.name, weightCount(tensor) * 4]))
    let written = 0
    await forEachConcurrently(pieces, context.threads * 2, async ({ tensor, workload, bytes, run }) => {
      const { writtenBytes } = await run(context)
      written += writtenBytes
      context.meter.finish(workload, bytes)
      const unwritten = (left.get(tensor.name) ?? 0) - bytes
      left.set(tensor.name, unwritten)
      if (unwritten === 0) context.tensorDone()
      context.progress()
    })
    const wanted = this.#resolved.reduce((sum, { bytes }) => sum + bytes, 0)
    if (written !== wanted) throw wrongLength(this.request.path, written, wanted)
    return fileBytes
  }

  /** Reads the file back from the disk: its length, its header, its digest. */
  async #check(context: JobContext, temporary: string, fileBytes: number): Promise<string> {
    const file = await open(temporary, 'r+')
    try {
      await file.sync()
      const { size } = await file.stat()
      if (size !== fileBytes) throw wrongLength(this.request.path, size, fileBytes)
    } finally {
      await file.close()
    }
    const written = openModel(temporary)
    if (written.tensors.length !== this.#resolved.length) throw wrongLength(this.request.path, 0, fileBytes)
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(temporary, { highWaterMark: HASHED_AT_ONCE })) {
      hash.update(chunk as Buffer)
      await context.checkpoint()
    }
    return hash.digest('hex')
  }
}

/** The header, then zeros: padding between tensors stays as it is made here. */
async function createFile(path: string, header: Uint8Array, fileBytes: number): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(header)
    await file.truncate(fileBytes)
  } finally {
    await file.close()
  }
}

function wrongLength(path: string, found: number, expected: number): QuantaloupeError {
  return new QuantaloupeError('WRITTEN_WRONG', 'The written file is not what it should be', {
    place: path,
    expected: `${expected} bytes, found ${found}`,
    remedy: 'Check the disk and export again.',
  })
}
