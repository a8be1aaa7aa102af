import { preloadPages } from '../router.ts'
import { useHost } from '../stores/host.ts'
import { useJobs } from '../stores/jobs.ts'
import { useMeasurements } from '../stores/measurements.ts'
import { useModels } from '../stores/models.ts'

/** Connects the stores with the host and opens the model named on the command line. */
export async function startWindow(): Promise<void> {
  const models = useModels()
  useMeasurements().start()
  const [host] = await Promise.all([useHost().start(), useJobs().start(), models.start()])
  void preloadPages()
  if (host?.initialModel && models.open.length === 0) await models.openPath(host.initialModel)
}
