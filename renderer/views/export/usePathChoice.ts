import { shallowRef, type ShallowRef } from 'vue'
import { call } from '../../bridge/index.ts'
import type { OpenFilter } from '../../../preload/contract.ts'
import { useNotices } from '../../stores/notices.ts'

/** A question the page's own dialog has to answer, where the host has no native one. */
export interface PathQuestion {
  readonly kind: 'save' | OpenFilter['kind']
  /** File name to begin with; empty when a file is to be opened. */
  readonly name: string
}

export interface PathChoice {
  /** Null: nothing is asked. */
  readonly question: Readonly<ShallowRef<PathQuestion | null>>
  readonly answer: (path: string | null) => void
  /** Where to write; null when the user changed their mind. */
  readonly save: (suggestedName: string) => Promise<string | null>
  readonly open: (kind: OpenFilter['kind']) => Promise<string | null>
}

/** Asks for a path: with the native dialog in Electron, with `PathDialog` over the served folders in a browser. */
export function usePathChoice(): PathChoice {
  const notices = useNotices()
  const question = shallowRef<PathQuestion | null>(null)
  let settle: (path: string | null) => void = () => {}

  function answer(path: string | null): void {
    question.value = null
    settle(path)
  }

  function ask(next: PathQuestion): Promise<string | null> {
    settle(null)
    question.value = next
    return new Promise((resolve) => (settle = resolve))
  }

  async function save(suggestedName: string): Promise<string | null> {
    const outcome = await call('dialog.save', { suggestedName })
    if (outcome.ok) return outcome.value
    if (outcome.error.code === 'UNSUPPORTED') return ask({ kind: 'save', name: suggestedName })
    notices.fail(outcome.error)
    return null
  }

  async function open(kind: OpenFilter['kind']): Promise<string | null> {
    const outcome = await call('dialog.open', { kind })
    if (outcome.ok) return outcome.value
    if (outcome.error.code === 'UNSUPPORTED') return ask({ kind, name: '' })
    notices.fail(outcome.error)
    return null
  }

  return { question, answer, save, open }
}
