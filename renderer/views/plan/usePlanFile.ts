import { call } from '../../bridge/index.ts'
import { useModels } from '../../stores/models.ts'
import { useNotices } from '../../stores/notices.ts'
import { usePlan } from '../../stores/plan.ts'
import type { PathChoice } from '../export/usePathChoice.ts'

/** Saves the plan as JSON and loads it again. */
export function usePlanFile(paths: PathChoice) {
  const models = useModels()
  const notices = useNotices()
  const plan = usePlan()

  async function save(): Promise<void> {
    const { evaluated } = plan
    if (!evaluated) return
    const path = await paths.save(`${models.active?.name ?? 'model'}-plan.json`)
    if (path === null) return
    const outcome = await notices.reported(call('plans.save', { plan: evaluated, path }))
    if (outcome.ok) notices.tell(`Saved the plan to ${path}.`)
  }

  async function load(): Promise<void> {
    const model = models.activeId
    const path = await paths.open('plan')
    if (path === null || model === null) return
    const outcome = await notices.reported(call('plans.load', { model, path }))
    if (outcome.ok && models.activeId === model) plan.adopt(outcome.value)
  }

  return { save, load }
}
