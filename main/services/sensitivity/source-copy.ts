import { constants, createReadStream } from 'node:fs'
import { chmod, copyFile, open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { QuantaloupeError } from '../../engine/errors.ts'
import { FileBytes } from '../../engine/formats/file-bytes.ts'
import type { Model } from '../../engine/formats/model.ts'
import type { Format } from '../../engine/quantizers/format.ts'
import { rowCount, rowLength } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { SharedImportance, TwinSums } from '../../workers/protocol.ts'
import { checkSources } from '../exports/export-checks.ts'
import { checkSpace } from '../exports/target-file.ts'
import { writeError } from '../files/file-errors.ts'
import type { JobContext } from '../jobs/job.ts'
import { forEachConcurrently } from '../jobs/limiter.ts'
import { tensorSource } from '../measurements/tensor-source.ts'

/** Copied between two looks at the job's switch. */
const COPIED_AT_ONCE = 2 ** 23

/** A piece is made in a moment, so that a job stops soon and all threads end together. */
const PIECE_WEIGHTS = 2 ** 20

/**
 * A temporary copy of a model's files, in which tensors are replaced by their twins and restored.
 *
 * Twins are always made from the original, so what an unfinished replacement left in the copy has no say.
 */
export class SourceCopy {
  /** Of the first file: what llama.cpp is given. */
  readonly path: string
  readonly #model: Model
  readonly #paths: readonly string[]

  private constructor(model: Model, paths: readonly string[]) {
    this.#model = model
    this.#paths = paths
    this.path = paths[0] ?? ''
  }

  /**
   * Copies the files into a folder, under their own names; without taking room where the disk can share blocks.
   *
   * @throws QuantaloupeError `DISK_FULL`, `FILE_NOT_WRITABLE`, `FILE_CHANGED`, `CANCELLED`
   */
  static async make(context: JobContext, model: Model, folder: string): Promise<SourceCopy> {
    const paths = model.files.map(({ path }) => join(folder, basename(path)))
    for (const [index, file] of model.files.entries()) {
      const path = paths[index] ?? folder
      if (await clone(file.path, path)) continue
      checkSpace(path, file.bytes)
      await copy(context, file.path, path)
    }
    checkSources(model)
    return new SourceCopy(model, paths)
  }

  /**
   * Puts the quantized-dequantized twin of a tensor in its place.
   *
   * @returns sums of the twin against the tensor, pieces added in order whatever the number of threads
   * @throws QuantaloupeError `NON_FINITE_WEIGHT`, `WEIGHT_OVERFLOW`, `FILE_CHANGED`, `CANCELLED`
   */
  async replace(
    context: JobContext,
    tensor: Tensor,
    format: Format,
    importance: SharedImportance | null,
  ): Promise<TwinSums> {
    const pieceRows = Math.max(1, Math.floor(PIECE_WEIGHTS / rowLength(tensor)))
    const pieces = Math.ceil(rowCount(tensor) / pieceRows)
    const sums = new Array<TwinSums>(pieces)
    await forEachConcurrently(sums.keys(), context.threads * 2, async (piece) => {
      const firstRow = piece * pieceRows
      sums[piece] = await context.run<'twin'>({
        kind: 'twin',
        source: tensorSource(this.#model, tensor),
        firstRow,
        rows: Math.min(pieceRows, rowCount(tensor) - firstRow),
        target: { format: format.name, method: 'reference' },
        importance,
        ...this.#place(tensor),
      })
    })
    return sums.reduce(addSums)
  }

  /**
   * Puts the original bytes back, and reads them again.
   *
   * @param fingerprint of the original
   * @throws QuantaloupeError `RESTORE_FAILED`, `FILE_CHANGED`, `CANCELLED`
   */
  async restore(context: JobContext, tensor: Tensor, fingerprint: string): Promise<void> {
    const source = tensorSource(this.#model, tensor)
    await context.run<'copy'>({ kind: 'copy', source, ...this.#place(tensor) })
    const { outputPath } = this.#place(tensor)
    const file = FileBytes.with(outputPath, (bytes) => bytes.identify())
    const restored = await context.run<'fingerprint'>({ kind: 'fingerprint', source: { ...source, file } })
    if (restored === fingerprint) return
    throw new QuantaloupeError('RESTORE_FAILED', `${tensor.name} could not be restored in the copy`, {
      place: outputPath,
      remedy: 'Check the disk, and that no other program writes to the file.',
    })
  }

  #place({ file, offsetBytes }: Tensor): { outputPath: string; outputOffsetBytes: number } {
    return { outputPath: this.#paths[file] ?? this.path, outputOffsetBytes: offsetBytes }
  }
}

function addSums(a: TwinSums, b: TwinSums): TwinSums {
  return {
    error2: a.error2 + b.error2,
    weight2: a.weight2 + b.weight2,
    importanceError2: a.importanceError2 + b.importanceError2,
    importanceWeight2: a.importanceWeight2 + b.importanceWeight2,
  }
}

/** False where the disk can not share blocks between files. */
async function clone(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE)
    // The copy of a file that may only be read has to be written to.
    await chmod(to, 0o600)
    return true
  } catch {
    return false
  }
}

/** Piece by piece: a copy by the system could not be stopped. */
async function copy(context: JobContext, from: string, to: string): Promise<void> {
  try {
    const output = await open(to, 'w', 0o600)
    try {
      for await (const chunk of createReadStream(from, { highWaterMark: COPIED_AT_ONCE })) {
        await output.writeFile(chunk as Buffer)
        await context.checkpoint()
      }
    } finally {
      await output.close()
    }
  } catch (error) {
    throw writeError(error, to)
  }
}
