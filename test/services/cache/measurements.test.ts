import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { Cache } from '../../../main/services/cache/cache.ts'
import type { Figures, MeasurementKey } from '../../../main/services/cache/measurements.ts'
import { testFolder } from '../../support/services.ts'

const KEY: MeasurementKey = {
  fingerprint: 'f1',
  format: 'Q4_K',
  method: 'reference',
  importance: '',
  covariance: '',
}

function figures(relativeError: number, rest: Partial<Figures> = {}): Figures {
  return {
    mse: 1e-6,
    rmse: 1e-3,
    relativeError,
    weightedRelativeError: null,
    outputRelativeError: null,
    cosine: 0.99,
    angle: 4,
    maxAbsError: 0.1,
    sqnr: 20,
    sampledRows: 10,
    rows: 10,
    standardError: null,
    nonFinite: 0,
    ...rest,
  }
}

function openCache(path = join(testFolder(), 'cache.sqlite')): Cache {
  const cache = new Cache(path, { busyMs: 50 })
  onTestFinished(() => cache.close())
  return cache
}

function store(
  cache: Cache,
  relativeError: number,
  fraction: number,
  key = KEY,
  profile: number[] | null = null,
): void {
  const grid = profile && { rowBands: 1, columnBands: profile.length, values: profile }
  const stored = { figures: figures(relativeError), fraction }
  cache.use(({ measurements }) => measurements.storeAll([{ key, stored, profile: grid }]))
}

const find = (cache: Cache, key = KEY) => cache.use(({ measurements }) => measurements.find(key))

it('gives back every figure as it was stored', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const first = new Cache(path)
  const stored = {
    figures: figures(0.071, { standardError: 1e-4, outputRelativeError: 0.2, nonFinite: 3 }),
    fraction: 0.5,
  }
  first.use(({ measurements }) => measurements.storeAll([{ key: KEY, stored, profile: null }]))
  first.close()
  expect(find(openCache(path))).toEqual(stored)
})

it('replaces a sample by an exact measurement', () => {
  const cache = openCache()
  store(cache, 0.5, 0.1)
  store(cache, 0.4, 1)
  expect(find(cache)).toMatchObject({ fraction: 1, figures: { relativeError: 0.4 } })
})

it('never replaces an exact measurement by a sample', () => {
  const cache = openCache()
  store(cache, 0.4, 1, KEY, [1, 2])
  store(cache, 0.5, 0.1, KEY, [3, 4])
  expect(find(cache)).toMatchObject({ fraction: 1, figures: { relativeError: 0.4 } })
  expect(cache.use(({ measurements }) => measurements.profile(KEY))?.values).toEqual([1, 2])
})

it('replaces a small sample by a larger one, not the other way round', () => {
  const cache = openCache()
  store(cache, 0.1, 0.1)
  store(cache, 0.2, 0.2)
  store(cache, 0.3, 0.1)
  expect(find(cache)).toMatchObject({ fraction: 0.2, figures: { relativeError: 0.2 } })
})

it.each([
  ['fingerprint', { fingerprint: 'f2' }],
  ['format', { format: 'Q5_K' }],
  ['method', { method: 'optimal' }],
  ['importance', { importance: 'i' }],
  ['covariance', { covariance: 'c' }],
] as const)('keeps measurements apart that differ in %s', (_name, difference) => {
  const cache = openCache()
  store(cache, 0.4, 1)
  expect(find(cache, { ...KEY, ...difference })).toBeNull()
})

it('finds a measurement made with a covariance when none is asked for', () => {
  const cache = openCache()
  store(cache, 0.4, 1, { ...KEY, covariance: 'c' })
  expect(cache.use(({ measurements }) => measurements.findAny(KEY))?.figures.relativeError).toBe(0.4)
})

it('prefers the exact one of measurements with several covariances', () => {
  const cache = openCache()
  store(cache, 0.3, 0.5, { ...KEY, covariance: 'c' })
  store(cache, 0.4, 1)
  expect(cache.use(({ measurements }) => measurements.findAny(KEY))?.figures.relativeError).toBe(0.4)
})

it('stores a profile with NaN where no row was sampled', () => {
  const cache = openCache()
  store(cache, 0.4, 1, KEY, [1, NaN, 0.25])
  expect(cache.use(({ measurements }) => measurements.profile(KEY))).toEqual({
    rowBands: 1,
    columnBands: 3,
    values: [1, NaN, 0.25],
  })
})

it('stores all measurements of a tensor or none', () => {
  const cache = openCache()
  const broken = { ...figures(0.4), rows: null as unknown as number }
  const entries = [
    { key: KEY, stored: { figures: figures(0.4), fraction: 1 }, profile: null },
    { key: { ...KEY, format: 'Q5_K' }, stored: { figures: broken, fraction: 1 }, profile: null },
  ]
  expect(() => cache.use(({ measurements }) => measurements.storeAll(entries))).toThrow()
  expect(find(cache)).toBeNull()
})

it('says so when another program holds the lock', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const [one, two] = [openCache(path), openCache(path)]
  const attempt = (): void => {
    one.use(({ measurements }) => {
      measurements.storeAll([
        {
          key: KEY,
          stored: {
            // Read while the first connection is inside its transaction.
            get figures(): Figures {
              store(two, 0.1, 1, { ...KEY, format: 'Q5_K' })
              return figures(0.4)
            },
            fraction: 1,
          },
          profile: null,
        },
      ])
    })
  }
  expect(attempt).toThrow(expect.objectContaining({ code: 'CACHE_LOCKED' }) as Error)
})

it('shows one connection what the other stored', () => {
  const path = join(testFolder(), 'cache.sqlite')
  const [one, two] = [openCache(path), openCache(path)]
  store(one, 0.4, 1)
  expect(find(two)?.figures.relativeError).toBe(0.4)
})
