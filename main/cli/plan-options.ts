import { QuantaloupeError } from '../engine/errors.ts'
import type { AllocationRequest, Budget, CacheType, DamageModel, Method } from '../../preload/contract.ts'

export interface PlanOptions {
  readonly preset?: string
  readonly bpw?: number
  readonly size?: number
  readonly memory?: number
  readonly context?: number
  readonly cacheType?: CacheType
  readonly pure?: true
  readonly formats?: readonly string[]
  readonly target?: AllocationRequest['target']
  readonly method?: readonly Method[]
  readonly imatrix?: string
  readonly damage?: DamageModel
  readonly sensitivity?: string
  readonly pin?: readonly string[]
  readonly exclude?: readonly string[]
  readonly group?: readonly string[]
  readonly minimum?: readonly string[]
  readonly multiplier?: readonly string[]
  readonly sample?: number
  readonly output?: string
  readonly recipe?: string
}

/** A preset by name, or what the plan may cost. */
export type Goal =
  { readonly kind: 'preset'; readonly preset: string } | { readonly kind: 'budget'; readonly budget: Budget }

/** Options that say what a search may do, and mean nothing for a preset. */
const SEARCH_OPTIONS = {
  formats: '--formats',
  target: '--target',
  group: '--group',
  minimum: '--minimum',
  sample: '--sample',
} as const satisfies Partial<Record<keyof PlanOptions, string>>

/** @throws QuantaloupeError `BAD_ARGUMENT` for none or several goals, and for options that do not belong to the goal */
export function goalOf(options: PlanOptions): Goal {
  const { preset, bpw, size, memory, context, cacheType } = options
  const named = [
    ['--preset', preset],
    ['--bpw', bpw],
    ['--size', size],
    ['--memory', memory],
  ].filter(([, value]) => value !== undefined)
  if (named.length !== 1) {
    const given = named.map(([name]) => name).join(' and ')
    throw new QuantaloupeError(
      'BAD_ARGUMENT',
      named.length === 0 ? 'Nothing says what the plan is to be' : `${given} exclude each other`,
      { expected: 'one of --preset NAME, --bpw X, --size BYTES, --memory BYTES with --context N' },
    )
  }
  if (memory === undefined) {
    refuse('--context', context, '--memory')
    refuse('--cache-type', cacheType, '--memory')
  }
  if (preset !== undefined) return presetGoal(preset, options)
  refuse('--pure', options.pure, '--preset')
  if (bpw !== undefined) return { kind: 'budget', budget: { kind: 'bpw', bpw } }
  if (size !== undefined) return { kind: 'budget', budget: { kind: 'file', bytes: size } }
  if (context === undefined) {
    throw new QuantaloupeError('BAD_ARGUMENT', 'The memory for keys and values depends on the context', {
      expected: '--context N, in tokens, with --memory',
    })
  }
  return {
    kind: 'budget',
    budget: { kind: 'memory', bytes: memory ?? 0, context, cacheType: cacheType ?? 'F16' },
  }
}

function presetGoal(preset: string, options: PlanOptions): Goal {
  for (const [key, name] of Object.entries(SEARCH_OPTIONS)) {
    refuse(name, options[key as keyof typeof SEARCH_OPTIONS], 'a budget: --bpw, --size or --memory')
  }
  if ((options.method?.length ?? 0) > 1) {
    throw new QuantaloupeError('BAD_ARGUMENT', 'A preset is made with one method', {
      expected: '--method once',
      remedy: 'Give a budget to have the best method chosen for each tensor.',
    })
  }
  return { kind: 'preset', preset }
}

function refuse(option: string, value: unknown, belongsTo: string): void {
  if (value === undefined) return
  throw new QuantaloupeError('BAD_ARGUMENT', `${option} means nothing here`, {
    expected: `${option} together with ${belongsTo}`,
    remedy: 'Leave it out.',
  })
}
