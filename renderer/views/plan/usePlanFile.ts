import { call } from '../../bridge/index.ts'
import { useModels } from '../../stores/models.ts'
import { useNotices } from '../../stores/notices.ts'
import { usePlan } from '../../stores/plan.ts'
import type { PathChoice } from '../export/usePathChoice.ts'

/** Saves the plan as JSON or as a recipe, and loads either again. */
export function usePlanFile(paths: PathChoice) {
  const models = useModels()
  const notices = useNotices()
  const plan = usePlan()
  const modelName = () => models.active?.name ?? 'model'

  async function save(): Promise<void> {
    const { evaluated } = plan
    if (!evaluated) return
    const path = await paths.save(`${modelName()}-plan.json`)
    if (path === null) return
    const outcome = await notices.reported(call('plans.save', { plan: evaluated, path }))
    if (outcome.ok) notices.tell(`Saved the plan to ${path}.`)
  }

  async function saveRecipe(): Promise<void> {
    const model = models.activeId
    if (model === null) return
    const path = await paths.save(`${modelName()}-recipe.txt`)
    if (path === null) return
    const outcome = await notices.reported(call('plans.saveRecipe', { model, choices: plan.choices, path }))
    if (outcome.ok) notices.tell(`Saved the recipe to ${path}.`)
  }

  /** The host tells a plan from a recipe. */
  async function load(): Promise<void> {
    const { activeId: model, imatrix } = models
    const path = await paths.open('plan')
    if (path === null || model === null) return
    const request = { model, path, ...(imatrix !== null && { imatrix }) }
    const outcome = await notices.reported(call('plans.load', request))
    if (!outcome.ok || models.activeId !== model) return
    plan.adopt(outcome.value.plan)
    for (const { message } of outcome.value.findings) notices.warn(message)
  }

  return { save, saveRecipe, load }
}
