import { watchEffect } from 'vue'
import type { HostInfo } from '../../preload/contract.ts'
import { preloadPages } from '../router.ts'
import { useHost } from '../stores/host.ts'
import { useJobs } from '../stores/jobs.ts'
import { useMeasurements } from '../stores/measurements.ts'
import { useModels } from '../stores/models.ts'
import { DEFAULT_FORMAT, useSettings } from '../stores/settings.ts'

/** Connects the stores with the host and opens the model named on the command line. */
export async function startWindow(): Promise<void> {
  const models = useModels()
  useMeasurements().start()
  const [host] = await Promise.all([useHost().start(), useJobs().start(), models.start()])
  void preloadPages()
  if (host) watchEffect(() => keepSettingsValid(host))
  if (host?.initialModel && models.open.length === 0) await models.openPath(host.initialModel)
}

/** A format or method chosen in another version may not exist here, and not every format has every method. */
function keepSettingsValid({ formats }: HostInfo): void {
  const settings = useSettings()
  const named = (name: string | null) => formats.find((format) => format.name === name)
  const shown = named(settings.format) ?? named(DEFAULT_FORMAT) ?? formats[0]
  if (!shown) return
  settings.format = shown.name
  if (!named(settings.otherFormat)) settings.otherFormat = null
  if (!shown.methods.includes(settings.method)) settings.method = 'reference'
  if (!named(settings.otherFormat)?.methods.includes(settings.otherMethod)) settings.otherMethod = 'reference'
}
