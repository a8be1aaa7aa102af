import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { chooseKernels, kernelsName, typescriptKernels } from '../../main/engine/kernels/kernels.ts'
import { encodedBytes } from '../../main/engine/quantizers/format.ts'
import { formatByName } from '../../main/engine/quantizers/registry.ts'
import { ROOT } from '../support/imports.ts'
import type { NativeWork } from '../fixtures/native-worker.ts'
import { describeAddon } from '../support/native-addon.ts'
import { randomRows } from '../support/random-rows.ts'
import { TemporaryFolder } from '../support/temporary-folder.ts'
import { errorOf } from '../support/thrown.ts'

const folder = new TemporaryFolder()

afterEach(() => {
  vi.unstubAllEnvs()
})

/** What `loadAddon` gives in a package of its own, in a process of its own. */
function loadIn(
  name: string,
  addon: Uint8Array | null,
): { readonly found: string; readonly warning: string } {
  const root = join(folder.path, name)
  mkdirSync(join(root, 'native/build/Release'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  copyFileSync(join(ROOT, 'native/index.ts'), join(root, 'native/index.ts'))
  if (addon) writeFileSync(join(root, 'native/build/Release/quantaloupe.node'), addon)
  const url = pathToFileURL(join(root, 'native/index.ts')).href
  const script = `const { loadAddon } = await import('${url}'); loadAddon(); console.log(typeof loadAddon())`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  return { found: stdout.trim(), warning: stderr }
}

describe('an addon that is not built', () => {
  it('is none, without a word', () => {
    expect(loadIn('empty', null)).toEqual({ found: 'undefined', warning: '' })
  })

  it('is none where its file is damaged, with one warning', () => {
    const { found, warning } = loadIn('damaged', Buffer.from('not a library'))
    expect(found).toBe('undefined')
    expect(warning.match(/The native addon cannot be loaded/g)).toHaveLength(1)
    expect(warning).toContain('npm run build:native')
  })
})

describe('the build script', () => {
  const build = (env: Record<string, string>, ...options: string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'native/build.js'), ...options], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    })

  it('says in one line that there is no compiler, and lets an installation go on', () => {
    const { status, stdout, stderr } = build({ CXX: 'no-such-compiler' }, '--if-possible')
    expect(status).toBe(0)
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^Native kernels not built: no-such-compiler does not run; TypeScript is used[^\n]*\n$/,
    )
  })

  it('fails where it was asked to build', () => {
    const { status, stderr } = build({ CXX: 'no-such-compiler' })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^Native kernels not built: no-such-compiler does not run\.\n$/)
  })
})

describeAddon('the kernels', (addon) => {
  it('are those of the best instruction set', () => {
    vi.stubEnv('QUANTALOUPE_SIMD', '')
    expect(kernelsName(true)).toBe(`native ${addon.targets[0]}`)
    expect(kernelsName(false)).toBe('typescript')
  })

  it.each(addon.targets)('are those of %s where the environment says so', (target) => {
    vi.stubEnv('QUANTALOUPE_SIMD', target)
    expect(kernelsName(true)).toBe(`native ${target}`)
  })

  it('are refused where the environment names an instruction set that is not there', () => {
    vi.stubEnv('QUANTALOUPE_SIMD', 'avx1024')
    expect(errorOf(() => chooseKernels(true))).toMatchObject({
      code: 'SIMD_UNAVAILABLE',
      place: 'QUANTALOUPE_SIMD',
      expected: `one of ${addon.targets.join(', ')}`,
    })
    expect(chooseKernels(false)).toBe(typescriptKernels)
  })

  it('go to TypeScript for a format of the same name with another method', () => {
    const { name } = addon.formats.find(({ methods }) => methods.length > 0)!
    const format = formatByName(name)!
    const own = {
      ...format,
      methods: { reference: (_x: unknown, _h: unknown, out: Uint8Array) => out.fill(9) },
    }
    const out = new Uint8Array(format.blockBytes)
    const weights = new Float32Array(format.blockSize)
    chooseKernels(true).quantizeRows(own, 'reference', weights, weights.length, null, out)
    expect(out.every((byte) => byte === 9)).toBe(true)
  })

  it('work in many threads at a time on shared memory', async () => {
    const format = addon.formats
      .map(({ name }) => formatByName(name)!)
      .find(({ needsImportance }) => !needsImportance)!
    const rowLength = 512
    const weights = randomRows('heavy', 64, rowLength, 1)
    const shared = new SharedArrayBuffer(weights.byteLength)
    new Float32Array(shared).set(weights)
    const expected = new Uint8Array(encodedBytes(format, weights.length))
    typescriptKernels.quantizeRows(format, 'reference', weights, rowLength, null, expected)
    const results = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const target = addon.targets[i % addon.targets.length]!
        const work: NativeWork = { target, format: format.name, rowLength, weights: shared, rounds: 20 }
        const worker = new Worker(join(ROOT, 'test/fixtures/native-worker.ts'), { workerData: work })
        const [out] = (await once(worker, 'message')) as [Uint8Array]
        await worker.terminate()
        return out
      }),
    )
    for (const out of results) expect(out).toEqual(expected)
  })

  it('do not end the process, whatever the bits of weights, importance and blocks', () => {
    const script = join(ROOT, 'test/fixtures/native-random-bits.ts')
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim()).toBe(
      addon.targets.join(' '),
    )
  })
})
