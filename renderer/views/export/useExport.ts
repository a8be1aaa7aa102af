import { refDebounced } from '@vueuse/core'
import { computed, ref, watch } from 'vue'
import { call } from '../../bridge/index.ts'
import { useHostValue } from '../../composables/useHostValue.ts'
import { useHost } from '../../stores/host.ts'
import { isAtWork, useJobs } from '../../stores/jobs.ts'
import { useModels } from '../../stores/models.ts'
import { useNotices } from '../../stores/notices.ts'
import { usePlan } from '../../stores/plan.ts'
import { exportFolder, joinPath, suggestedName } from './file-names.ts'

const TYPING_PAUSE_MS = 250

/** Everything the export page asks, and what keeps it from starting. */
export function useExport() {
  const host = useHost()
  const jobStore = useJobs()
  const models = useModels()
  const notices = useNotices()
  const plan = usePlan()

  const path = ref('')
  const overwrite = ref(false)
  const allowRequantize = ref(false)
  const settledPath = refDebounced(path, TYPING_PAUSE_MS)

  const suggestion = computed(() => suggestedName(models.active?.path ?? '', plan.evaluated))
  const question = () => {
    const { activeId: model, imatrix } = models
    if (model === null || settledPath.value === '') return null
    return { model, choices: plan.choices, path: settledPath.value, ...(imatrix !== null && { imatrix }) }
  }
  const asked = useHostValue('export.preview', question)
  const preview = computed(() => (settledPath.value === path.value ? asked.value.value : null))

  const jobs = computed(() =>
    jobStore.all.filter((job) => job.kind === 'export' && job.modelPath === models.active?.path).reverse(),
  )
  const running = computed(() => jobs.value.some(isAtWork))

  /** Why the export cannot start; null when it can. */
  const obstacle = computed<string | null>(() => {
    if (path.value.trim() === '') return 'Choose a file to write.'
    if (asked.error.value) return 'The file cannot be written as it is.'
    if (!preview.value) return 'Computing the size'
    if (preview.value.fileBytes > preview.value.freeBytes) return 'There is not enough free space.'
    if (preview.value.exists && !overwrite.value) return 'Confirm that the file may be replaced.'
    if (preview.value.requantized.length > 0 && !allowRequantize.value)
      return 'Confirm that tensors may be quantized a second time.'
    return running.value ? 'An export of this model is running.' : null
  })

  async function start(): Promise<void> {
    const request = question()
    if (!request || obstacle.value !== null) return
    const outcome = await notices.reported(
      call('export.start', {
        ...request,
        overwrite: overwrite.value,
        allowRequantize: allowRequantize.value,
      }),
    )
    overwrite.value = false
    if (outcome.ok) jobStore.put(outcome.value)
  }

  /** A confirmation holds for one file and one plan only. */
  watch(path, () => (overwrite.value = false))
  watch([() => plan.choices, () => models.activeId], () => (allowRequantize.value = false))
  /** Until the user names a place. */
  watch(
    () => models.active?.path,
    (model) => {
      const folder = model === undefined ? null : exportFolder(model, host.info?.roots ?? null)
      path.value = folder === null ? '' : joinPath(folder, suggestion.value)
    },
    { immediate: true },
  )
  watch(suggestion, (next, before) => {
    if (path.value.endsWith(before)) path.value = path.value.slice(0, -before.length) + next
  })
  /** The written file exists from now on. */
  watch(
    () => jobs.value.filter((job) => job.state === 'done').length,
    () => asked.reload(),
  )

  return {
    path, overwrite, allowRequantize, suggestion, preview, previewError: asked.error,
    jobs, obstacle, start,
  } // prettier-ignore
}
