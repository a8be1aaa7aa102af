import { computed } from 'vue'
import type { AnalysisRequest } from '../../preload/contract.ts'
import { NEEDS_IMPORTANCE } from '../components/format-choices.ts'
import { useHost } from '../stores/host.ts'
import { useJobs } from '../stores/jobs.ts'
import { useModels } from '../stores/models.ts'
import { useSettings } from '../stores/settings.ts'
import { sampleFraction } from './sample-fraction.ts'

/** Starts analyses of the active model: first a sample of every tensor, then all rows; the host runs them in turn. */
export function useAnalysis() {
  const jobs = useJobs()
  const models = useModels()
  const settings = useSettings()
  const host = useHost()

  const running = computed(
    () =>
      jobs.current.find((job) => job.kind === 'analysis' && job.modelPath === models.active?.path) ?? null,
  )

  /** What the newest analysis of the model has to tell. */
  const findings = computed(
    () =>
      jobs.all.findLast((job) => job.kind === 'analysis' && job.modelPath === models.active?.path)
        ?.findings ?? [],
  )

  /** Why formats can not be measured as things are; null when they can. */
  function obstacle(formats: readonly string[]): string | null {
    const bare = formats.find((name) => host.formatNamed(name)?.needsImportance && models.imatrix === null)
    return bare === undefined ? null : `${bare} ${NEEDS_IMPORTANCE}: choose one first`
  }

  /** @param tensors names; every quantizable tensor when absent */
  async function start(
    formats: readonly string[],
    tensors?: readonly string[],
    method = settings.method,
  ): Promise<void> {
    const model = models.active
    if (!model) return
    const { imatrix } = models
    const request: AnalysisRequest = {
      model: model.id,
      formats: [...formats],
      method,
      ...(tensors && { tensors: [...tensors] }),
      ...(imatrix !== null && { imatrix }),
    }
    const sampled = await jobs.analyze({ ...request, sample: sampleFraction(model.parameters) })
    if (sampled.ok) await jobs.analyze(request)
  }

  return { running, findings, obstacle, start }
}
