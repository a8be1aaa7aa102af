import { QuantaloupeError } from '../../engine/errors.ts'
import type { Finding, Plan, PlanChoices } from '../../../preload/contract.ts'
import { readTextFile } from '../files/read-text-file.ts'
import { writeAtomically } from '../files/write-atomically.ts'
import type { OpenedModel } from '../library/library.ts'
import { isRecipe, recipeChoices } from './recipe.ts'

/** A plan of a million tensors has less. */
const MAX_BYTES = 256 * 2 ** 20

/** @throws QuantaloupeError `FILE_NOT_WRITABLE`, `DISK_FULL` */
export function savePlan(plan: Plan, path: string): void {
  writeAtomically(path, `${JSON.stringify(plan, null, 2)}\n`)
}

/** What a file that says which formats to use can be. */
export type PlanFile =
  | { readonly kind: 'plan'; readonly plan: Plan }
  /** For `llama-quantize --tensor-type-file`. */
  | { readonly kind: 'recipe'; readonly text: string }

/**
 * Reads a saved plan or a recipe; what is called `.json` is meant to be a plan.
 *
 * @throws QuantaloupeError `BAD_PLAN` for a document that is no plan, `FILE_NOT_FOUND`, `FILE_NOT_READABLE`
 */
export async function readPlanFile(path: string): Promise<PlanFile> {
  const text = readTextFile(path, MAX_BYTES, () => badPlan(path, `a file of at most ${MAX_BYTES} bytes`))
  if (!/\.json$/i.test(path) && isRecipe(text)) return { kind: 'recipe', text }
  const { planSchema } = await import('./plan-schema.ts')
  const result = planSchema.safeParse(parseJson(text, path))
  if (result.success) return { kind: 'plan', plan: result.data }
  const [issue] = result.error.issues
  throw badPlan(path, `${issue?.path.join('.') || 'the document'}: ${issue?.message ?? 'wrong'}`)
}

/**
 * The choices of a plan or recipe for a model.
 *
 * @throws QuantaloupeError `PLAN_MISMATCH` when the plan is not for these tensors, `BAD_RECIPE`
 */
export function choicesFor(
  file: PlanFile,
  opened: OpenedModel,
): { readonly choices: PlanChoices; readonly findings: readonly Finding[] } {
  if (file.kind === 'recipe') return recipeChoices(opened, file.text)
  return { choices: choicesOfPlan(file.plan, opened), findings: [] }
}

function choicesOfPlan(plan: Plan, opened: OpenedModel): PlanChoices {
  const planned = new Map(plan.tensors.map((tensor) => [tensor.name, tensor]))
  const strange = plan.tensors.find(({ name }) => !opened.tensors.has(name))
  const absent = opened.model.tensors.find(({ name }) => !planned.has(name))
  if (strange) throw mismatch(plan, opened, `the model has no tensor ${strange.name}`)
  if (absent) throw mismatch(plan, opened, `the plan has no tensor ${absent.name}`)
  const changed = plan.tensors.filter((tensor) => tensor.method !== null)
  return Object.fromEntries(
    changed.map(({ name, requested, method }) => [
      name,
      { format: requested, method: method ?? 'reference' },
    ]),
  )
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badPlan(path, 'JSON')
  }
}

function badPlan(path: string, expected: string): QuantaloupeError {
  const remedy = 'Save the plan again from Quantaloupe.'
  return new QuantaloupeError('BAD_PLAN', 'This file is not a plan', { place: path, expected, remedy })
}

function mismatch(plan: Plan, opened: OpenedModel, difference: string): QuantaloupeError {
  return new QuantaloupeError(
    'PLAN_MISMATCH',
    `The plan was made for another model (${plan.model}): ${difference}`,
    {
      place: opened.model.path,
      expected: 'the model the plan was made for',
    },
  )
}
