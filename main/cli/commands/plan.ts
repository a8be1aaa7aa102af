import { QuantaloupeError } from '../../engine/errors.ts'
import type { OpenedModel } from '../../services/library/library.ts'
import type { Services } from '../../services/index.ts'
import type { AllocationRequest, Budget, DamageSettings, Plan, RequestOf } from '../../../preload/contract.ts'
import { assignments, factors } from '../assignments.ts'
import type { Context } from '../context.ts'
import { describeFormats, describeMemory, describePrediction, describeSampling } from '../describe-plan.ts'
import { remarkFindings } from '../job.ts'
import { measureMissing } from '../measure-missing.ts'
import { choicesOf, pinned, without } from '../plan-choices.ts'
import { goalOf, type PlanOptions } from '../plan-options.ts'
import { withServices } from '../start-services.ts'
import { matchTensors } from '../tensor-globs.ts'

/** What a command works with after the model is opened. */
interface Task {
  readonly context: Context
  readonly services: Services
  readonly opened: OpenedModel
  readonly options: PlanOptions
  /** For requests. */
  readonly imatrix: { readonly imatrix?: string }
  readonly damage: DamageSettings
}

interface Planned {
  readonly plan: Plan
  /** For people, under the table. */
  readonly notes: readonly (string | null)[]
}

/** `plan MODEL`: a format for every tensor, by preset or with the least predicted damage for a budget. */
export async function plan(
  context: Context,
  [path = '']: readonly string[],
  options: PlanOptions,
): Promise<void> {
  const goal = goalOf(options)
  await withServices(context, async (services) => {
    const opened = await services.library.open(context.resolve(path))
    const outputs = writableOutputs(context, services, options)
    const imatrix = options.imatrix === undefined ? {} : { imatrix: context.resolve(options.imatrix) }
    const damage = await damageSettings(context, services, opened, options)
    const task = { context, services, opened, options, imatrix, damage }
    const planned = await (goal.kind === 'preset'
      ? planPreset(task, goal.preset)
      : planBudget(task, goal.budget))
    const request = { model: opened.id, choices: choicesOf(planned.plan), ...imatrix }
    remarkFindings(context, services.plans.findings(request))
    if (outputs.plan !== undefined) services.plans.save(planned.plan, outputs.plan)
    if (outputs.recipe !== undefined) saveRecipe(task, request, outputs.recipe)
    context.print(planned.plan, () => describe(planned))
  })
}

/** Said before hours of measuring. @throws QuantaloupeError `FOLDER_NOT_FOUND` */
function writableOutputs(
  context: Context,
  { served }: Services,
  { output, recipe }: PlanOptions,
): { readonly plan: string | undefined; readonly recipe: string | undefined } {
  const writable = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : served.writable(context.resolve(path))
  return { plan: writable(output), recipe: writable(recipe) }
}

/** Measured sensitivities where there are any, else role priors. */
async function damageSettings(
  context: Context,
  services: Services,
  { id, model }: OpenedModel,
  { damage, sensitivity, imatrix, multiplier }: PlanOptions,
): Promise<DamageSettings> {
  if (sensitivity !== undefined && damage !== undefined && damage !== 'measured') {
    throw new QuantaloupeError('BAD_ARGUMENT', `--sensitivity means nothing with --damage ${damage}`, {
      expected: '--damage measured',
      remedy: 'Leave one out.',
    })
  }
  const list = { model: id, ...(imatrix !== undefined && { imatrix: context.resolve(imatrix) }) }
  const isKnown = async (): Promise<boolean> => (await services.sensitivity.list(list)) !== null
  const chosen = damage ?? (sensitivity !== undefined || (await isKnown()) ? 'measured' : 'priors')
  return {
    model: chosen,
    ...(sensitivity !== undefined && { sensitivities: context.resolve(sensitivity) }),
    ...(multiplier && { multipliers: factors(model, '--multiplier', multiplier) }),
  }
}

async function planPreset(task: Task, preset: string): Promise<Planned> {
  const { services, opened, options, imatrix, damage } = task
  const method = options.method?.[0] ?? 'reference'
  const base = services.plans.presetChoices({
    model: opened.id,
    preset,
    method,
    ...(options.pure && { pure: true }),
    ...imatrix,
  })
  const pins = pinned(assignments(opened.model, '--pin', options.pin ?? []), method)
  const choices = { ...without(base, excluded(task)), ...pins }
  const result = await services.plans.evaluate({ model: opened.id, choices, damage, ...imatrix })
  return { plan: result, notes: [describePrediction(result)] }
}

function excluded({ opened, options }: Task): readonly string[] {
  return options.exclude ? matchTensors(opened.model, options.exclude) : []
}

async function planBudget(task: Task, budget: Budget): Promise<Planned> {
  const { context, services, opened, options } = task
  // A model whose memory can not be told needs no measuring.
  const memory = budget.kind === 'memory' ? services.allocation.memory({ ...budget, model: opened.id }) : null
  const allocation = allocationOf(task)
  const frontier = await measureMissing(context, services, allocation, options.sample)
  const result = await services.allocation.solve({ allocation, budget })
  const notes = [
    describePrediction(result, frontier.damage),
    describeSampling(frontier.figures, frontier.sampledFigures),
    memory && describeMemory(result, memory),
  ]
  return { plan: result, notes }
}

function allocationOf(task: Task): AllocationRequest {
  const { opened, options, imatrix, damage } = task
  const {
    formats,
    target = 'llama.cpp',
    method = ['reference'],
    pin = [],
    group = [],
    minimum = [],
  } = options
  return {
    model: opened.id,
    target,
    methods: method,
    damage,
    pins: pinned(assignments(opened.model, '--pin', pin), method[0] ?? 'reference'),
    excluded: excluded(task),
    groups: group.map((glob) => matchTensors(opened.model, [glob])),
    minimums: assignments(opened.model, '--minimum', minimum),
    ...(formats && { formats }),
    ...imatrix,
  }
}

function saveRecipe({ context, services }: Task, request: RequestOf<'plans.recipe'>, path: string): void {
  remarkFindings(context, services.plans.recipe(request).findings)
  services.plans.saveRecipe({ model: request.model, choices: request.choices, path })
}

function describe({ plan: result, notes }: Planned): string {
  return [describeFormats(result), ...notes.filter((note) => note !== null)].join('\n')
}
