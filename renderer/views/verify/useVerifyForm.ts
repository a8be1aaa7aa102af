import { computed, ref, watch } from 'vue'
import type { VerificationCandidate } from '../../../preload/contract.ts'
import { significant } from '../../charts/numbers.ts'
import { isAtWork } from '../../stores/jobs.ts'
import { useModels } from '../../stores/models.ts'
import { usePlan } from '../../stores/plan.ts'
import { useVerifications } from '../../stores/verifications.ts'

/** What is to be verified, and what keeps it from starting. */
export function useVerifyForm() {
  const models = useModels()
  const plan = usePlan()
  const verifications = useVerifications()

  const kind = ref<VerificationCandidate['kind']>('plan')
  const path = ref('')
  const label = ref('')
  const changed = computed(() => Object.keys(plan.choices).length)
  const suggestion = computed(() => {
    if (kind.value === 'file') return path.value.split(/[\\/]/).at(-1) ?? ''
    return plan.evaluated ? `${significant(plan.evaluated.bpw)} bpw` : ''
  })
  const candidate = computed<VerificationCandidate>(() => {
    const { imatrix } = models
    if (kind.value === 'file') return { kind: 'file', path: path.value.trim() }
    return { kind: 'plan', choices: plan.choices, ...(imatrix !== null && { imatrix }) }
  })
  const named = computed(() => label.value.trim() || suggestion.value)
  const running = computed(() => verifications.jobs.some(isAtWork))

  /** Why nothing can be started; null when it can. */
  const obstacle = computed<string | null>(() => {
    if (kind.value === 'plan' && changed.value === 0)
      return 'The plan keeps everything as stored: choose a preset first.'
    if (kind.value === 'file' && path.value.trim() === '') return 'Choose a GGUF file.'
    if (verifications.obstacle !== null) return verifications.obstacle
    return named.value === '' ? 'Computing the size of the plan' : null
  })

  async function start(): Promise<void> {
    if (obstacle.value !== null) return
    const outcome = await verifications.start({ label: named.value, candidate: candidate.value })
    if (outcome?.ok) label.value = ''
  }

  /** A name belongs to what it was given to. */
  watch([() => models.activeId, kind], () => (label.value = ''))

  return { kind, path, label, suggestion, changed, running, obstacle, start }
}
