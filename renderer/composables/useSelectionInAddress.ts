import { useTimeoutFn } from '@vueuse/core'
import { watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useSelection } from '../stores/selection.ts'
import { useTensors } from '../stores/tensors.ts'

/** Keeps the selected tensor in the page's address (`#/compare?tensor=…`), and finds it there after a reload. */
export function useSelectionInAddress(): void {
  const route = useRoute()
  const router = useRouter()
  const selection = useSelection()
  const tensors = useTensors()
  const wanted = (): string => String(route.query['tensor'] ?? '')

  /** Where the window is going: an address written meanwhile would stop it on the way. */
  let destination: string | null = null
  router.beforeEach(({ fullPath }) => {
    destination = fullPath
  })
  router.afterEach(({ fullPath }) => {
    if (destination === fullPath) destination = null
  })

  watch([() => tensors.state, wanted], ([state, name]) => {
    if (state === 'ready' && name !== selection.primary?.name && tensors.named(name)) selection.select(name)
  })
  /** Later than the guards above: a page change that began in the same moment is known by then. */
  const { start: writeSoon } = useTimeoutFn(
    () => {
      const name = selection.primary?.name
      if (tensors.state !== 'ready' || name === undefined || name === wanted() || destination !== null) return
      void router.replace({ query: { ...route.query, tensor: name } })
    },
    0,
    { immediate: false },
  )
  watch(
    () => [selection.primary?.name, route.fullPath],
    () => writeSoon(),
  )
}
