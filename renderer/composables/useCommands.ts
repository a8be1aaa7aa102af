import { computed, type ComputedRef } from 'vue'
import { useRouter } from 'vue-router'
import { PAGES } from '../router.ts'
import { useInterface } from '../stores/interface.ts'
import { useModels } from '../stores/models.ts'
import { usePlan } from '../stores/plan.ts'
import { useSettings, type ThemeChoice } from '../stores/settings.ts'
import { useOpenModel } from './useOpenModel.ts'

export interface Command {
  readonly id: string
  readonly title: string
  readonly group: 'Go to' | 'Model' | 'Plan' | 'Window'
  /** Combinations as in `key-combos.ts`. */
  readonly keys: readonly string[]
  readonly enabled: boolean
  readonly run: () => unknown
}

const THEMES: readonly ThemeChoice[] = ['system', 'light', 'dark']

/** Everything a key, the command palette or the native menu can do. */
export function useCommands(): ComputedRef<readonly Command[]> {
  const router = useRouter()
  const models = useModels()
  const plan = usePlan()
  const settings = useSettings()
  const shell = useInterface()
  const openModel = useOpenModel()

  const go = (name: string) => router.push({ name, query: router.currentRoute.value.query })

  async function find(): Promise<void> {
    shell.finding = true
    await go('tensors')
  }

  const pages = () =>
    PAGES.map((page): Command => ({
      id: `page.${page.name}`,
      title: page.title,
      group: 'Go to',
      keys: [`mod+${page.key}`, `${page.key}`, ...(page.letter === undefined ? [] : [page.letter])],
      enabled: true,
      run: () => go(page.name),
    }))

  const modelCommands = (): Command[] => {
    const active = models.active
    return [
      { id: 'open', title: 'Open model…', group: 'Model', keys: ['mod+o'], enabled: true, run: openModel },
      { id: 'find', title: 'Find tensor', group: 'Model', keys: ['mod+f'], enabled: active !== null, run: find },
      {
        id: 'metadata', title: 'Metadata', group: 'Model', keys: ['m'], enabled: active !== null,
        run: () => go('metadata'),
      },
      {
        id: 'close', title: 'Close model', group: 'Model', keys: [], enabled: active !== null,
        run: () => active && models.close(active.id),
      },
    ] // prettier-ignore
  }

  const planCommands = (): Command[] => [
    { id: 'undo', title: 'Undo plan change', group: 'Plan', keys: ['mod+z'], enabled: plan.canUndo, run: plan.undo },
    {
      id: 'redo', title: 'Redo plan change', group: 'Plan', keys: ['mod+shift+z', 'mod+y'], enabled: plan.canRedo,
      run: plan.redo,
    },
  ] // prettier-ignore

  const windowCommands = (): Command[] => [
    {
      id: 'commands', title: 'Commands', group: 'Window', keys: ['mod+k'], enabled: true,
      run: () => shell.show('commands'),
    },
    { id: 'keys', title: 'Keys', group: 'Window', keys: ['?'], enabled: true, run: () => shell.show('keys') },
    {
      id: 'inspector', title: 'Show or hide the inspector', group: 'Window', keys: ['i'], enabled: true,
      run: () => (settings.inspectorOpen = !settings.inspectorOpen),
    },
    {
      id: 'list', title: 'Show or hide the model list', group: 'Window', keys: ['l'], enabled: true,
      run: () => (settings.listOpen = !settings.listOpen),
    },
    ...THEMES.map((theme): Command => ({
      id: `theme.${theme}`, title: `Theme: ${theme}`, group: 'Window', keys: [], enabled: settings.theme !== theme,
      run: () => (settings.theme = theme),
    })),
  ] // prettier-ignore

  return computed(() => [...pages(), ...modelCommands(), ...planCommands(), ...windowCommands()])
}
