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

  watch(
    () => [tensors.state, wanted()] as const,
    ([state, name]) => {
      if (state === 'ready' && name !== selection.primary?.name && tensors.named(name)) selection.select(name)
    },
  )
  watch(
    () => [selection.primary?.name, route.fullPath] as const,
    ([name]) => {
      if (tensors.state !== 'ready' || name === undefined || name === wanted() || destination !== null) return
      void router.replace({ query: { ...route.query, tensor: name } })
    },
  )
}
