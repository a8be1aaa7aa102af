import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import type { ErrorData, MetadataPage, ModelId } from '../../../preload/contract.ts'
import { call } from '../../bridge/index.ts'

const PAGE_LENGTH = 200

export interface ArrayPages {
  /** Undefined until its page has arrived; asking fetches the page. A new function with every page. */
  readonly valueAt: ComputedRef<(index: number) => MetadataPage['values'][number] | undefined>
  readonly error: Readonly<ShallowRef<ErrorData | null>>
}

/** A metadata array, fetched page by page as its elements are looked at. */
export function useArrayPages(source: () => { model: ModelId; key: string }): ArrayPages {
  const pages = shallowRef<ReadonlyMap<number, MetadataPage>>(new Map())
  const asked = new Set<number>()
  const error = shallowRef<ErrorData | null>(null)

  watch(source, () => {
    pages.value = new Map()
    asked.clear()
    error.value = null
  })

  async function fetchPage(page: number): Promise<void> {
    if (asked.has(page)) return
    asked.add(page)
    const request = { ...source(), offset: page * PAGE_LENGTH, length: PAGE_LENGTH }
    const outcome = await call('models.metadataArray', request)
    if (source().key !== request.key) return
    if (outcome.ok) pages.value = new Map(pages.value).set(page, outcome.value)
    else error.value = outcome.error
  }

  const valueAt = computed(() => {
    const known = pages.value
    return (index: number) => {
      const page = Math.floor(index / PAGE_LENGTH)
      void fetchPage(page)
      return known.get(page)?.values[index % PAGE_LENGTH]
    }
  })

  return { valueAt, error }
}
