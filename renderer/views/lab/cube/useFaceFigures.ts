import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import { CubeClient } from './cube-client.ts'
import type { FaceFigures } from './face-figures.ts'

/** What the roundings to a set of levels do; null until it is computed. */
export function useFaceFigures(levels: () => readonly number[]): Readonly<ShallowRef<FaceFigures | null>> {
  const client = new CubeClient()
  const figures = shallowRef<FaceFigures | null>(null)
  watch(
    levels,
    (asked) => {
      figures.value = null
      client.figures(asked, (reply) => {
        if (levels() === asked) figures.value = reply.figures
      })
    },
    { immediate: true },
  )
  onScopeDispose(() => client.close())
  return figures
}
