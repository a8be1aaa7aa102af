import { QuantaloupeError } from '../../engine/errors.ts'
import type { Services } from '../../services/index.ts'
import type {
  Job,
  Sensitivities,
  SensitivityEstimate,
  SensitivityGroup,
  SensitivityRequest,
} from '../../../preload/contract.ts'
import type { Context } from '../context.ts'
import { follow } from '../job.ts'
import { formatBytes, formatDuration, formatFigure } from '../numbers.ts'
import { withServices } from '../start-services.ts'
import { renderTable, type Column } from '../table.ts'

export interface SensitivityOptions {
  readonly text: string
  readonly imatrix?: string
  readonly context: number
  readonly tokens: number
  readonly formats: readonly string[]
  readonly layers?: number
  readonly output?: string
}

/** `sensitivity MODEL`: what errors in each part of a model cost, measured in llama.cpp. */
export async function sensitivity(
  context: Context,
  [path = '']: readonly string[],
  options: SensitivityOptions,
): Promise<void> {
  await withServices(context, async (services) => {
    const { id } = await services.library.open(context.resolve(path))
    // Said now rather than after hours of measuring.
    const output = options.output && services.served.writable(context.resolve(options.output))
    const request = toRequest(context, id, options)
    const estimate = await services.sensitivity.estimate(request, context.signal)
    context.remark(describeEstimate(estimate))
    const job = await services.sensitivity.start(request)
    const { findings } = await followToEnd(context, services, job)
    const result = services.sensitivity.result(job.id)
    if (result === null) throw new Error('A measurement that is done has no result')
    if (output) services.sensitivity.save(result, output)
    context.print({ ...result, estimate, findings }, () => describeResult(result))
  })
}

function toRequest(
  context: Context,
  model: string,
  { text, imatrix, context: length, tokens, formats, layers }: SensitivityOptions,
): SensitivityRequest {
  return {
    model,
    text: context.resolve(text),
    context: length,
    tokens,
    formats,
    grouping: layers === undefined ? { kind: 'tensor' } : { kind: 'layers', layers },
    ...(imatrix !== undefined && { imatrix: context.resolve(imatrix) }),
  }
}

/** What was measured before Ctrl+C or a failure is not lost, and that is worth a line. */
async function followToEnd(context: Context, services: Services, job: Job): Promise<Job> {
  try {
    return await follow(context, services, job)
  } catch (error) {
    const measured = services.sensitivity.result(job.id)?.groups.length ?? 0
    const isCancelled = error instanceof QuantaloupeError && error.code === 'CANCELLED'
    if (measured > 0) {
      const how = isCancelled ? 'Stopped' : 'Failed'
      context.remark(`${how}; ${measured} of ${job.tensorsTotal} measurements are kept for the next run.`)
    }
    throw error
  }
}

function describeEstimate(estimate: SensitivityEstimate): string {
  const { groups, known, evaluations, tokensPerEvaluation, tokensPerSecond, seconds, temporaryBytes } =
    estimate
  if (evaluations === 0) return `All of ${groups} groups are known; nothing is to be measured.`
  const knownGroups = known > 0 ? `, ${known} of them known` : ''
  return [
    `${groups} groups${knownGroups}: ${evaluations} evaluations of ${tokensPerEvaluation} tokens`,
    `about ${formatDuration(seconds * 1000)} at ${formatFigure(tokensPerSecond)} tokens/s, loading included`,
    `${formatBytes(temporaryBytes)} of temporary files`,
  ].join('; ')
}

const COLUMNS: readonly Column<SensitivityGroup>[] = [
  { title: 'tensors', value: ({ tensors }) => describeTensors(tensors) },
  { title: 'format', value: ({ format }) => format },
  { title: 'relative error', align: 'right', value: ({ relativeError }) => formatFigure(relativeError) },
  { title: 'KL divergence', align: 'right', value: ({ kld }) => formatFigure(kld) },
  { title: 'perplexity', align: 'right', value: ({ perplexityChange }) => signed(perplexityChange) },
  { title: 'sensitivity', align: 'right', value: ({ alpha }) => formatFigure(alpha) },
  { title: '±', align: 'right', value: ({ standardError }) => formatFigure(standardError) },
]

function describeResult({ groups, tokens, context }: Sensitivities): string {
  const measure = groups.every(({ weightedRelativeError }) => weightedRelativeError !== null)
    ? 'importance-weighted relative error'
    : 'relative error (importance-weighted where the group has importance)'
  const note = `sensitivity: nats of KL divergence per squared ${measure}, over all formats of a group`
  return `${renderTable(COLUMNS, groups)}\n\n${note}\nmeasured on ${tokens} tokens in chunks of ${context}`
}

function describeTensors([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`
}

const signed = (value: number): string => `${value < 0 ? '' : '+'}${formatFigure(value)}`
