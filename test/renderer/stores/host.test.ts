import { watch } from 'vue'
import { expect, it } from 'vitest'
import type { Finding, HostInfo } from '../../../preload/contract.ts'
import { useHost } from '../../../renderer/stores/host.ts'
import { useNotices, type Notice } from '../../../renderer/stores/notices.ts'
import { installFakeBridge } from '../../support/fake-bridge.ts'

function infoWith(findings: readonly Finding[]): HostInfo {
  return {
    host: 'browser',
    version: '1.0.0',
    platform: 'linux',
    threads: 2,
    kernels: 'typescript',
    formats: [],
    roots: ['/models'],
    initialModel: null,
    findings,
  }
}

/** Every notice that starting the store shows. */
async function noticesOfStart(findings: readonly Finding[]): Promise<Notice[]> {
  installFakeBridge({ 'host.info': () => infoWith(findings) })
  const notices = useNotices()
  const shown: Notice[] = []
  watch(
    () => notices.latest,
    (notice) => notice && shown.push(notice),
    { flush: 'sync' },
  )
  await useHost().start()
  return shown
}

it('tells everything that the host found about its cache', async () => {
  const shown = await noticesOfStart([
    { code: 'CACHE_DAMAGED', message: 'It was set aside.' },
    { code: 'CACHE_UNUSABLE', message: 'It is locked.' },
  ])
  expect(shown.map(({ kind, text }) => [kind, text])).toEqual([
    ['warning', 'It was set aside.'],
    ['warning', 'It is locked.'],
  ])
})

it('is silent about a cache that is well', async () => {
  expect(await noticesOfStart([])).toEqual([])
  expect(useHost().info?.roots).toEqual(['/models'])
})
