import type { StoredVerification } from '../../../preload/contract.ts'
import { call } from '../../bridge/index.ts'
import { useModels } from '../../stores/models.ts'
import { useNotices } from '../../stores/notices.ts'
import { usePlan } from '../../stores/plan.ts'

/** Makes the plan that was verified the current one, with the imatrix it was made with. */
export function useStoredPlan(): (run: StoredVerification) => Promise<void> {
  const models = useModels()
  const notices = useNotices()
  const plan = usePlan()

  return async ({ choices, imatrix, label }) => {
    const model = models.activeId
    if (model === null || choices === null) return
    const request = { model, choices, ...(imatrix !== null && { imatrix }) }
    const outcome = await notices.reported(call('plans.evaluate', request))
    if (!outcome.ok || models.activeId !== model) return
    models.setImatrix(imatrix)
    plan.adopt(outcome.value)
    notices.tell(`The plan “${label}” is the current one now.`)
  }
}
