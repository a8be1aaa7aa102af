import { refDebounced } from '@vueuse/core'
import { computed, type ComputedRef } from 'vue'
import { bytes, exact } from '../../charts/numbers.ts'
import { useHostValue } from '../../composables/useHostValue.ts'
import { folderOf } from '../export/file-names.ts'

/** Of English text in the vocabularies of today; only llama.cpp's tokenizer knows the number. */
const BYTES_PER_TOKEN = 4
const TYPING_PAUSE_MS = 300

/** `2.10 MiB, about 1,070 chunks`: what a text is worth before llama.cpp has read it; null while it is not found. */
export function useTextSize(path: () => string, context: () => number): ComputedRef<string | null> {
  const settled = refDebounced(computed(path), TYPING_PAUSE_MS)
  const listing = useHostValue('files.list', () =>
    /[\\/]/.test(settled.value) ? { path: folderOf(settled.value) } : null,
  )
  return computed(() => {
    const entry = listing.value.value?.entries.find((one) => one.path === settled.value)
    if (entry?.bytes === undefined || entry.bytes === null) return null
    const chunks = Math.floor(entry.bytes / BYTES_PER_TOKEN / Math.max(1, context()))
    return chunks < 1
      ? `${bytes(entry.bytes)}, perhaps less than one chunk`
      : `${bytes(entry.bytes)}, about ${exact(Number(chunks.toPrecision(2)))} chunks`
  })
}
