import type { StoredVerification } from '../../../preload/contract.ts'
import { bytes, exact, NO_VALUE, percent, significant } from '../../charts/numbers.ts'
import type { TableCell, TableColumn, TableSort } from '../../components/table-column.ts'
import type { CellValue, PlainTable } from '../../components/table-text.ts'

export const RUN_COLUMNS: readonly TableColumn[] = [
  { key: 'label', title: 'Candidate', width: 'minmax(116px, 1fr)', sortable: true },
  { key: 'method', title: 'Method', width: '104px', sortable: true, hint: 'How codes and scales were chosen; a file does not tell' },
  { key: 'bytes', title: 'File', width: '84px', align: 'right', sortable: true },
  { key: 'bpw', title: 'bpw', width: '62px', align: 'right', sortable: true, hint: 'Bits per weight of the whole file' },
  {
    key: 'kld', title: 'KL divergence', width: '148px', align: 'right', sortable: true,
    hint: 'Mean over the scored tokens, in nats, ± one standard error; 0 where both models expect the same',
  },
  { key: 'change', title: 'Perplexity', width: '186px', align: 'right', sortable: true, hint: 'Model as it is → candidate; less is better' },
  { key: 'same', title: 'Same top token', width: '116px', align: 'right', sortable: true, hint: 'Tokens for which both models expect the same most' },
  { key: 'median', title: 'Median', width: '82px', align: 'right', sortable: true, hint: 'KL divergence of the middle token' },
  { key: 'p99', title: '99th %', width: '76px', align: 'right', sortable: true, hint: 'KL divergence that one token in a hundred exceeds' },
  { key: 'max', title: 'Max', width: '78px', align: 'right', sortable: true, hint: 'KL divergence of the worst token' },
  { key: 'tokens', title: 'Tokens', width: '82px', align: 'right', sortable: true, hint: 'Tokens read; the second half of each chunk is scored' },
  { key: 'text', title: 'Text', width: 'minmax(104px, 1fr)', sortable: true },
  { key: 'date', title: 'Date', width: '152px', sortable: true },
] // prettier-ignore

/** `optimal`, or all that the plan uses; a dash where nothing is known or quantized. */
function methodOf({ choices }: StoredVerification): string {
  const methods = new Set(Object.values(choices ?? {}).map(({ method }) => method))
  return methods.size === 0 ? NO_VALUE : [...methods].sort().join(', ')
}

/** Relative change of the perplexity. */
function perplexityChange({ perplexity }: StoredVerification): number {
  return perplexity.candidate / perplexity.reference - 1
}

/** `+3.7 %`, `−0.12 %`. */
export function signedPercent(fraction: number): string {
  if (fraction === 0) return '0 %'
  return `${fraction > 0 ? '+' : '−'}${significant(Math.abs(fraction) * 100, 2)} %`
}

const DATE = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short' })

/** What a cell shows. */
export function runCell(run: StoredVerification, column: string): TableCell {
  const { kld, perplexity } = run
  switch (column) {
    case 'label':
      return {
        text: run.label,
        title: run.choices ? `${run.label}: made from a plan` : `${run.label}: a file`,
      }
    case 'method':
      return { text: methodOf(run) }
    case 'bytes':
      return { text: bytes(run.fileBytes), title: `${exact(run.fileBytes)} bytes` }
    case 'bpw':
      return { text: significant(run.bpw) }
    case 'kld':
      return {
        text: `${significant(kld.mean)} ± ${significant(kld.standardError, 2)}`,
        title: `${kld.mean} nats`,
      }
    case 'change':
      return {
        text: `${significant(perplexity.reference)} → ${significant(perplexity.candidate)} (${signedPercent(perplexityChange(run))})`,
        title: `${perplexity.reference} → ${perplexity.candidate}`,
      }
    case 'same':
      return { text: percent(run.sameTopToken) }
    case 'tokens':
      return {
        text: exact(run.tokens),
        title: `${exact(run.scoredTokens)} scored, ${exact(run.context)} in a chunk`,
      }
    case 'text':
      return { text: run.text.name, title: `${run.text.name}, SHA-256 ${run.text.sha256}` }
    case 'date':
      return { text: DATE.format(new Date(run.finishedAt)), title: run.finishedAt }
    default:
      return { text: significant(sortKey(run, column) as number), title: `${sortKey(run, column)} nats` }
  }
}

function sortKey(run: StoredVerification, column: string): number | string {
  const keys: Readonly<Record<string, number | string>> = {
    label: run.label,
    method: methodOf(run),
    bytes: run.fileBytes,
    bpw: run.bpw,
    kld: run.kld.mean,
    median: run.kld.median,
    p99: run.kld.p99,
    max: run.kld.max,
    change: perplexityChange(run),
    same: run.sameTopToken,
    tokens: run.tokens,
    text: run.text.name,
  }
  return keys[column] ?? run.finishedAt
}

export function sortRuns(
  runs: readonly StoredVerification[],
  sort: TableSort,
): readonly StoredVerification[] {
  const direction = sort.descending ? -1 : 1
  return [...runs].sort((a, b) => {
    const [x, y] = [sortKey(a, sort.column), sortKey(b, sort.column)]
    return x === y ? 0 : x < y ? -direction : direction
  })
}

/** All figures of all runs, with every digit. */
export function runTable(runs: readonly StoredVerification[]): PlainTable {
  return {
    columns: [
      'label', 'method', 'fileBytes', 'bpw', 'perplexityReference', 'perplexityCandidate', 'kldMean', 'kldStandardError',
      'kldMedian', 'kldP99', 'kldMax', 'sameTopToken', 'tokens', 'scoredTokens', 'context', 'tokensPerSecond',
      'imatrix', 'text', 'textSha256', 'finishedAt',
    ],
    rows: runs.map((run): readonly CellValue[] => [
      run.label, methodOf(run), run.fileBytes, run.bpw, run.perplexity.reference, run.perplexity.candidate, run.kld.mean,
      run.kld.standardError, run.kld.median, run.kld.p99, run.kld.max, run.sameTopToken, run.tokens,
      run.scoredTokens, run.context, run.tokensPerSecond, run.imatrix, run.text.name, run.text.sha256, run.finishedAt,
    ]),
  } // prettier-ignore
}
