import { useDebounceFn } from '@vueuse/core'
import { onScopeDispose, watch } from 'vue'
import { useAllocation } from '../../stores/allocation.ts'
import { useJobs } from '../../stores/jobs.ts'
import { usePlan } from '../../stores/plan.ts'

const AFTER_MS = 400
const MOST_PATIENCE_MS = 2000

/** While the page is on screen: the frontier and the plan's damage follow the measurements that arrive. */
export function useLivePlan(): void {
  const allocation = useAllocation()
  const jobs = useJobs()
  const plan = usePlan()

  async function follow(): Promise<void> {
    await Promise.all([
      allocation.refresh(),
      plan.evaluated?.predictedDamage === null ? plan.evaluate() : null,
    ])
  }

  const measured = () =>
    jobs.all
      .filter((job) => job.kind === 'analysis')
      .map((job) => `${job.state} ${job.tensorsDone}`)
      .join()
  watch(measured, useDebounceFn(follow, AFTER_MS, { maxWait: MOST_PATIENCE_MS }))

  void allocation.loadPresets()
  allocation.watchFrontier(true)
  onScopeDispose(() => allocation.watchFrontier(false))
}
