import type { Model } from '../../engine/formats/model.ts'
import { rowCount, rowLength, weightCount } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { JobContext, JobTask } from '../jobs/job.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import { tensorSource } from '../measurements/tensor-source.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'

/** A piece is quantized in a moment, so that a job stops soon and all threads end together. */
const PIECE_WEIGHTS = 2 ** 20

/** One piece of the output: some rows of a tensor, or all its stored bytes. */
export interface ExportPiece {
  readonly tensor: Tensor
  /** What takes equally long per weight. */
  readonly workload: string
  /** As f32. */
  readonly bytes: number
  /** Writes the piece. */
  readonly run: (context: JobContext) => Promise<{ readonly writtenBytes: number }>
}

export interface ExportPlaces {
  readonly outputPath: string
  /** Absolute, one for each tensor. */
  readonly tensorOffsets: readonly number[]
}

export function workloadOf({ tensor, change }: ResolvedTensor): string {
  return change ? `${tensor.type} to ${change.format.name} ${change.method}` : 'copy'
}

/** All pieces in file order. */
export function* exportPieces(
  model: Model,
  resolved: readonly ResolvedTensor[],
  statistics: ActivationStatistics,
  { outputPath, tensorOffsets }: ExportPlaces,
): Generator<ExportPiece> {
  for (const [index, entry] of resolved.entries()) {
    const output = { outputPath, outputOffsetBytes: tensorOffsets[index] ?? 0 }
    if (entry.change) yield* quantizePieces(model, entry, entry.change, statistics, output)
    else yield copyPiece(model, entry, output)
  }
}

type Output = Pick<JobTask<'copy'>, 'outputPath' | 'outputOffsetBytes'>

function copyPiece(model: Model, entry: ResolvedTensor, output: Output): ExportPiece {
  const { tensor } = entry
  const task = { kind: 'copy', source: tensorSource(model, tensor), ...output } as const
  return {
    tensor,
    workload: workloadOf(entry),
    bytes: weightCount(tensor) * 4,
    run: (context) => context.run<'copy'>(task),
  }
}

function* quantizePieces(
  model: Model,
  entry: ResolvedTensor,
  { format, method }: NonNullable<ResolvedTensor['change']>,
  statistics: ActivationStatistics,
  output: Output,
): Generator<ExportPiece> {
  const { tensor } = entry
  const source = tensorSource(model, tensor)
  const importance = statistics.importance.get(tensor.name)?.shared ?? null
  const target = { format: format.name, method }
  const [length, allRows] = [rowLength(tensor), rowCount(tensor)]
  const pieceRows = Math.max(1, Math.floor(PIECE_WEIGHTS / length))
  for (let firstRow = 0; firstRow < allRows; firstRow += pieceRows) {
    const rows = Math.min(pieceRows, allRows - firstRow)
    const task = { kind: 'quantize', source, firstRow, rows, target, importance, ...output } as const
    yield {
      tensor,
      workload: workloadOf(entry),
      bytes: rows * length * 4,
      run: (context) => context.run<'quantize'>(task),
    }
  }
}
