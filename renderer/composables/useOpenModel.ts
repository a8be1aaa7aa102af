import { call } from '../bridge/index.ts'
import { useHost } from '../stores/host.ts'
import { useInterface } from '../stores/interface.ts'
import { useModels } from '../stores/models.ts'
import { useNotices } from '../stores/notices.ts'

/** Lets the user choose a model: the native dialog where there is one, else a list of the served folders. */
export function useOpenModel(): () => Promise<void> {
  const host = useHost()
  const shell = useInterface()
  const models = useModels()
  const notices = useNotices()

  return async () => {
    if (host.info?.host !== 'electron') return shell.show('open')
    const outcome = await notices.reported(call('dialog.open', { kind: 'model' }))
    if (outcome.ok && outcome.value !== null) await models.openPath(outcome.value)
  }
}
