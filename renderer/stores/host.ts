import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { FormatInfo, HostInfo } from '../../preload/contract.ts'
import { call } from '../bridge/index.ts'
import { useNotices } from './notices.ts'

/**
 * What the host is and can do.
 *
 * - `info` host, threads, kernels, served roots; null until it answered
 * - `formats` every format, in the host's order; `formatNamed(name)` one of them
 * - `start()` asks once, and tells what the host found about its cache
 */
export const useHost = defineStore('host', () => {
  const info = shallowRef<HostInfo | null>(null)
  const formats = computed<readonly FormatInfo[]>(() => info.value?.formats ?? [])
  const byName = computed(() => new Map(formats.value.map((format) => [format.name, format])))

  async function start(): Promise<HostInfo | null> {
    const notices = useNotices()
    const outcome = await notices.reported(call('host.info', null))
    if (!outcome.ok) return null
    info.value = outcome.value
    for (const { message } of outcome.value.findings) notices.warn(message)
    return info.value
  }

  const formatNamed = (name: string): FormatInfo | null => byName.value.get(name) ?? null

  return { info, formats, start, formatNamed }
})
