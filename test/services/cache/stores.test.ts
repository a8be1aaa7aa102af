import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { Cache } from '../../../main/services/cache/cache.ts'
import { testFolder } from '../../support/services.ts'

const FILE = { path: '/m.gguf', bytes: 100, modifiedMs: 1234.5678, identity: '1:2' }
const TENSOR = {
  name: 'a.weight',
  shape: [4, 2],
  type: 'F32',
  file: 0,
  offsetBytes: 32,
  bytes: 32,
  layer: null,
  role: 'a',
  quantizable: true,
}
const JOB = {
  id: 'j1',
  kind: 'analysis',
  title: 't',
  modelPath: '/m',
  request: '{}',
  startedAt: '2026',
} as const

function openCache(path = join(testFolder(), 'cache.sqlite')): Cache {
  const cache = new Cache(path)
  onTestFinished(() => cache.close())
  return cache
}

it('remembers a fingerprint for the same bytes of an unchanged file', () => {
  const cache = openCache()
  cache.use(({ fingerprints }) => fingerprints.store(FILE, TENSOR, 'abc'))
  expect(cache.use(({ fingerprints }) => fingerprints.find({ ...FILE, path: '/moved.gguf' }, TENSOR))).toBe(
    'abc',
  )
})

it.each([
  ['its size', { bytes: 101 }],
  ['its time', { modifiedMs: 1234.5679 }],
  ['its place on the disk', { identity: '1:3' }],
])('forgets a fingerprint when the file has changed %s', (_what, change) => {
  const cache = openCache()
  cache.use(({ fingerprints }) => fingerprints.store(FILE, TENSOR, 'abc'))
  expect(cache.use(({ fingerprints }) => fingerprints.find({ ...FILE, ...change }, TENSOR))).toBeNull()
})

it('keeps the last twenty models, newest first', () => {
  const cache = openCache()
  for (let day = 10; day < 40; day += 1) {
    cache.use(({ recentModels }) => recentModels.add({ path: `/${day}`, name: 'm', openedAt: `2026-${day}` }))
  }
  const paths = cache.use(({ recentModels }) => recentModels.list()).map(({ path }) => path)
  expect(paths).toHaveLength(20)
  expect(paths.slice(0, 2)).toEqual(['/39', '/38'])
})

it('moves a model that is opened again to the front', () => {
  const cache = openCache()
  for (const [path, openedAt] of [
    ['/a', '1'],
    ['/b', '2'],
    ['/a', '3'],
  ] as const) {
    cache.use(({ recentModels }) => recentModels.add({ path, name: 'm', openedAt }))
  }
  expect(cache.use(({ recentModels }) => recentModels.list()).map(({ path }) => path)).toEqual(['/a', '/b'])
})

it('does not list a job of this run as interrupted', () => {
  const cache = openCache()
  cache.use(({ jobs }) => jobs.add(JOB))
  expect(cache.use(({ jobs }) => jobs.interrupted())).toEqual([])
  expect(cache.use(({ jobs }) => jobs.claim('j1'))).toBe(false)
})

it('lists a job of an earlier run with the same process id as interrupted', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const earlier = new Cache(path)
  earlier.use(({ jobs }) => jobs.add(JOB))
  earlier.close()
  expect(openCache(path).use(({ jobs }) => jobs.interrupted())).toMatchObject([JOB])
})

it('keeps how far an interrupted job came', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const progress = { tensorsDone: 3, tensorsTotal: 7, bytesDone: 2 ** 40, bytesTotal: 2 ** 41 }
  const earlier = new Cache(path)
  earlier.use(({ jobs }) => {
    jobs.add(JOB)
    jobs.storeProgress('j1', progress)
    jobs.storeProgress('another', progress)
  })
  earlier.close()
  expect(openCache(path).use(({ jobs }) => jobs.interrupted())).toMatchObject([{ ...JOB, ...progress }])
})

it('leaves a job of another living process alone', async () => {
  const path = join(testFolder(), 'cache.sqlite')
  const cache = openCache(path)
  cache.use(({ jobs }) => jobs.add(JOB))
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const editor = new Database(path)
  editor.prepare("UPDATE jobs SET owner_process = ?, owner_session = 'x'").run(other.pid)
  editor.close()
  expect(cache.use(({ jobs }) => jobs.interrupted())).toEqual([])
  other.kill('SIGKILL')
  await once(other, 'exit')
  expect(cache.use(({ jobs }) => jobs.interrupted())).toHaveLength(1)
})

it('gives an interrupted job away once', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const earlier = new Cache(path)
  earlier.use(({ jobs }) => jobs.add(JOB))
  earlier.close()
  const cache = openCache(path)
  expect(cache.use(({ jobs }) => jobs.claim('j1'))).toBe(true)
  expect(cache.use(({ jobs }) => jobs.claim('j1'))).toBe(false)
  expect(cache.use(({ jobs }) => jobs.interrupted())).toEqual([])
})

const VERIFICATION = {
  id: 'v1',
  label: 'Q4_K_M',
  finishedAt: '2026-01-01T00:00:00.000Z',
  choices: { 'a.weight': { format: 'Q4_K', method: 'reference' } },
  imatrix: '/imatrix.gguf',
  fileBytes: 4_000_000_000_000,
  bpw: 4.5,
  text: { name: 'wiki.txt', sha256: 'f'.repeat(64) },
  perplexity: { reference: 7.1, candidate: 7.2 },
  kld: { mean: 0.01, standardError: 1e-4, median: 0.005, p99: 0.1, max: 1.5 },
  sameTopToken: 0.96,
  tokens: 1024,
  scoredTokens: 508,
  context: 512,
  tokensPerSecond: 123.4,
} as const

it('gives verifications back as they were, newest first, by the weights they belong to', () => {
  const cache = openCache()
  const file = {
    ...VERIFICATION,
    id: 'v2',
    finishedAt: '2026-01-02T00:00:00.000Z',
    choices: null,
    imatrix: null,
  }
  cache.use(({ verifications }) => verifications.add('w', VERIFICATION))
  cache.use(({ verifications }) => verifications.add('w', file))
  cache.use(({ verifications }) => verifications.add('other', { ...VERIFICATION, id: 'v3' }))
  expect(cache.use(({ verifications }) => verifications.list('w'))).toEqual([file, VERIFICATION])
  expect(cache.use(({ verifications }) => verifications.forget('v2'))).toBe(true)
  expect(cache.use(({ verifications }) => verifications.forget('v2'))).toBe(false)
  expect(cache.use(({ verifications }) => verifications.list('w'))).toEqual([VERIFICATION])
})

const TEXT = { name: 'a.txt', sha256: 'a', context: 32, tokens: 320 }
const KEY = { weights: 'w', tensors: ['a', 'b'], format: 'Q4_K', importance: '', text: TEXT }
const REPLACEMENT = {
  relativeError: 0.1,
  weightedRelativeError: null,
  kld: 0.02,
  standardError: 1e-3,
  perplexityChange: -0.5,
}

it('knows a replacement for its own key alone', () => {
  const cache = openCache()
  const stored = { key: KEY, replacement: REPLACEMENT, measuredAt: '2026' }
  cache.use(({ sensitivities }) => sensitivities.store(stored))
  const find = (key: typeof KEY) => cache.use(({ sensitivities }) => sensitivities.find(key))
  expect(find(KEY)).toEqual(REPLACEMENT)
  // The name of the text is no part of what was measured.
  expect(find({ ...KEY, text: { ...TEXT, name: 'renamed.txt' } })).toEqual(REPLACEMENT)
  const others = [
    { ...KEY, weights: 'v' },
    { ...KEY, tensors: ['a'] },
    { ...KEY, format: 'Q5_K' },
    { ...KEY, importance: 'i' },
    { ...KEY, text: { ...TEXT, sha256: 'b' } },
    { ...KEY, text: { ...TEXT, context: 64 } },
    { ...KEY, text: { ...TEXT, tokens: 640 } },
  ]
  expect(others.map(find)).toEqual(others.map(() => null))
  expect(cache.use(({ sensitivities }) => sensitivities.list('w'))).toEqual([stored])
  expect(cache.use(({ sensitivities }) => sensitivities.list('v'))).toEqual([])
})

it('does not know a replacement that another version of the engine measured', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const cache = openCache(path)
  cache.use(({ sensitivities }) =>
    sensitivities.store({ key: KEY, replacement: REPLACEMENT, measuredAt: '2026' }),
  )
  const database = new Database(path)
  database.exec('UPDATE sensitivities SET engine = engine - 1')
  database.close()
  expect(cache.use(({ sensitivities }) => sensitivities.find(KEY))).toBeNull()
  expect(cache.use(({ sensitivities }) => sensitivities.list('w'))).toEqual([])
})
