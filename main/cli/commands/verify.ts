import { basename } from 'node:path'
import type { Finding, StoredVerification } from '../../../preload/contract.ts'
import type { Context } from '../context.ts'
import { follow } from '../job.ts'
import { formatBpw, formatBytes, formatFigure } from '../numbers.ts'
import { withServices } from '../start-services.ts'
import { renderFields } from '../table.ts'

export interface VerifyOptions {
  readonly text: string
  readonly context: number
  readonly chunks?: number
}

/** `verify REFERENCE CANDIDATE`: what llama.cpp makes of a candidate, compared with the model it was made from. */
export async function verify(
  context: Context,
  [reference = '', candidate = '']: readonly string[],
  { text, context: length, chunks }: VerifyOptions,
): Promise<void> {
  await withServices(context, async (services) => {
    const { id, model } = await services.library.open(context.resolve(reference))
    const path = context.resolve(candidate)
    const job = await services.verification.start({
      model: id,
      candidate: { kind: 'file', path },
      label: basename(path),
      text: context.resolve(text),
      context: length,
      ...(chunks !== undefined && { chunks }),
    })
    const { findings } = await follow(context, services, job)
    const result = services.verification.result(job.id)
    if (result === null) throw new Error('A verification that is done has no result')
    const document = describe(model.path, path, result, findings)
    context.print(document, () => renderFields(fieldsOf(result)))
  })
}

function describe(
  reference: string,
  candidate: string,
  result: StoredVerification,
  findings: readonly Finding[],
) {
  const { text, context, tokens, scoredTokens, perplexity, kld, sameTopToken, tokensPerSecond } = result
  return {
    schema: 1,
    reference,
    candidate,
    fileBytes: result.fileBytes,
    bpw: result.bpw,
    text,
    context,
    tokens,
    scoredTokens,
    perplexity,
    kld,
    sameTopToken,
    tokensPerSecond,
    findings,
  }
}

function fieldsOf(result: StoredVerification): readonly (readonly [name: string, value: string])[] {
  const { perplexity, kld, sameTopToken, tokens, scoredTokens, context, tokensPerSecond } = result
  const change = (perplexity.candidate / perplexity.reference - 1) * 100
  return [
    ['candidate', `${formatBytes(result.fileBytes)}, ${formatBpw(result.bpw)} bits per weight`],
    [
      'perplexity',
      `${perplexity.candidate.toFixed(4)}, the reference has ${perplexity.reference.toFixed(4)}`,
    ],
    ['', `${change < 0 ? '' : '+'}${change.toFixed(2)} %`],
    ['KL divergence', `${formatFigure(kld.mean)} ± ${formatFigure(kld.standardError)} nats in the mean`],
    ['', `median ${formatFigure(kld.median)}, p99 ${formatFigure(kld.p99)}, max ${formatFigure(kld.max)}`],
    ['same top token', `${(sameTopToken * 100).toFixed(2)} %`],
    ['measured on', `${result.text.name}, ${tokens} tokens in chunks of ${context}, ${scoredTokens} scored`],
    ['speed', `${formatFigure(tokensPerSecond)} tokens/s through both models`],
  ]
}
