import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** The open tab of a page, in its address (`#/compare?tab=plans`); the first one stands for none. */
export function useTabInAddress(names: readonly string[]): WritableComputedRef<string> {
  const route = useRoute()
  const router = useRouter()
  const first = names[0] ?? ''
  return computed({
    get: () => names.find((name) => name === route.query['tab']) ?? first,
    set: (name) => {
      const query = { ...route.query, tab: name }
      void router.replace({ query })
    },
  })
}
