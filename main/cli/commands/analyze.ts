import { QuantaloupeError } from '../../engine/errors.ts'
import type { AnalysisRequest, CachedMeasurement, Method } from '../../../preload/contract.ts'
import type { Context } from '../context.ts'
import { toCsv } from '../csv.ts'
import { follow } from '../job.ts'
import { formatBpw, formatFigure } from '../numbers.ts'
import { withServices } from '../start-services.ts'
import { renderTable, type Column } from '../table.ts'
import { matchTensors } from '../tensor-globs.ts'

export interface AnalyzeOptions {
  readonly formats: readonly string[]
  readonly method: Method
  readonly imatrix?: string
  readonly covariance?: string
  readonly tensors?: readonly string[]
  readonly sample?: number
  readonly csv?: true
}

/** Fields of a measurement in the output, in order. */
const FIELDS = [
  'tensor',
  'format',
  'effectiveFormat',
  'method',
  'bytes',
  'bpw',
  'mse',
  'rmse',
  'relativeError',
  'weightedRelativeError',
  'outputRelativeError',
  'cosine',
  'maxAbsError',
  'sampledRows',
  'rows',
  'standardError',
  'cached',
] as const satisfies readonly (keyof CachedMeasurement)[]

/** `analyze MODEL`: measures formats on tensors; what was measured before comes from the cache. */
export async function analyze(
  context: Context,
  [path = '']: readonly string[],
  options: AnalyzeOptions,
): Promise<void> {
  if (options.csv && context.json) {
    throw new QuantaloupeError('BAD_ARGUMENT', '--csv and --json exclude each other', {
      remedy: 'Leave one out.',
    })
  }
  const startedMs = performance.now()
  await withServices(context, async (services) => {
    const { id, model } = await services.library.open(context.resolve(path))
    const tensors = options.tensors ? { tensors: matchTensors(model, options.tensors) } : {}
    const job = await services.analysis.start({ ...toRequest(context, id, options), ...tensors })
    const { findings } = await follow(context, services, job)
    const order = new Map(model.tensors.map((tensor, index) => [tensor.name, index]))
    const results = services.analysis
      .results(job.id)
      .toSorted((a, b) => (order.get(a.tensor) ?? 0) - (order.get(b.tensor) ?? 0) || byFormat(options, a, b))
    const elapsedMs = Math.round(performance.now() - startedMs)
    const measurements = results.map(pickFields)
    const document = { schema: 1, model: model.path, elapsedMs, findings, measurements }
    if (options.csv) process.stdout.write(toCsv(FIELDS, results))
    else context.print(document, () => renderTable(columnsFor(results), results))
  })
}

function toRequest(context: Context, model: string, options: AnalyzeOptions): AnalysisRequest {
  const { formats, method, sample, imatrix, covariance } = options
  return {
    model,
    formats,
    method,
    ...(sample !== undefined && sample < 1 && { sample }),
    ...(imatrix !== undefined && { imatrix: context.resolve(imatrix) }),
    ...(covariance !== undefined && { covariance: context.resolve(covariance) }),
  }
}

function byFormat({ formats }: AnalyzeOptions, a: CachedMeasurement, b: CachedMeasurement): number {
  return formats.indexOf(a.format) - formats.indexOf(b.format)
}

function pickFields(measurement: CachedMeasurement) {
  return Object.fromEntries(FIELDS.map((field) => [field, measurement[field]]))
}

/** Columns without any value in this run are left out. */
function columnsFor(rows: readonly CachedMeasurement[]): readonly Column<CachedMeasurement>[] {
  const figure = (title: string, field: 'weightedRelativeError' | 'outputRelativeError' | 'standardError') =>
    rows.some((row) => row[field] !== null)
      ? [{ title, align: 'right' as const, value: (row: CachedMeasurement) => formatFigure(row[field]) }]
      : []
  return [
    { title: 'tensor', value: ({ tensor }) => tensor },
    { title: 'format', value: describeFormat },
    { title: 'bpw', align: 'right', value: ({ bpw }) => formatBpw(bpw) },
    { title: 'relative error', align: 'right', value: ({ relativeError }) => formatFigure(relativeError) },
    ...figure('± sampling', 'standardError'),
    ...figure('weighted', 'weightedRelativeError'),
    ...figure('output', 'outputRelativeError'),
    { title: 'max error', align: 'right', value: ({ maxAbsError }) => formatFigure(maxAbsError) },
    { title: 'cosine', align: 'right', value: ({ cosine }) => (cosine === null ? '-' : cosine.toFixed(6)) },
  ]
}

/** Rows whose length the format's blocks do not divide are stored in another one. */
function describeFormat({ format, effectiveFormat }: CachedMeasurement): string {
  return format === effectiveFormat ? format : `${format} as ${effectiveFormat}`
}
