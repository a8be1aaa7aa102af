import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import type { Events, Measurement, Method, ModelId } from '../../preload/contract.ts'
import { call, on, onGap } from '../bridge/index.ts'
import { pacedBatch } from './paced-batch.ts'
import { useModels } from './models.ts'
import { useNotices } from './notices.ts'

/** Measurements of one model in one format and method, by tensor name. */
export type MeasurementTable = ReadonlyMap<string, Measurement>

const NO_MEASUREMENTS: MeasurementTable = new Map()

type TableKey = [model: ModelId, format: string, method: Method, imatrix: string | null]

function tableKey(...key: TableKey): string {
  return JSON.stringify(key)
}

/** An estimate never replaces the measurement of every row. */
function isBetter(next: Measurement, known: Measurement | undefined): boolean {
  return known === undefined || next.sampledRows >= known.sampledRows
}

/**
 * Measurements of the active model, filled from the cache and by running jobs, a few times a second.
 *
 * - `table(format, method)` all tensors in one format, with the active importance; asks the host at the first use
 *   (reactive: call it in a computed)
 * - `ofTensor(name)` everything known of one tensor among the loaded tables and live results (reactive)
 * - `start()` listens to the host
 */
export const useMeasurements = defineStore('measurements', () => {
  const models = useModels()
  const tables = shallowReactive(new Map<string, MeasurementTable>())
  const requested = new Set<string>()

  /** Tables are replaced, never changed, so that everything computed from one notices. */
  function put(model: ModelId, imatrix: string | null, measurements: readonly Measurement[]): void {
    const changed = new Map<string, Map<string, Measurement>>()
    for (const one of measurements) {
      const key = tableKey(model, one.format, one.method, imatrix)
      const table = changed.get(key) ?? new Map(tables.get(key))
      if (isBetter(one, table.get(one.tensor))) changed.set(key, table.set(one.tensor, one))
    }
    changed.forEach((table, key) => tables.set(key, table))
  }

  async function load(...parts: TableKey): Promise<void> {
    const [model, format, method, imatrix] = parts
    const key = tableKey(...parts)
    if (requested.has(key)) return
    requested.add(key)
    const outcome = await call('measurements.list', { model, format, method, ...(imatrix && { imatrix }) })
    if (outcome.ok) put(model, imatrix, outcome.value)
    else {
      requested.delete(key)
      useNotices().fail(outcome.error)
    }
  }

  function table(format: string, method: Method): MeasurementTable {
    const model = models.activeId
    if (model === null) return NO_MEASUREMENTS
    void load(model, format, method, models.imatrix)
    return tables.get(tableKey(model, format, method, models.imatrix)) ?? NO_MEASUREMENTS
  }

  function ofTensor(name: string): readonly Measurement[] {
    const found: Measurement[] = []
    for (const [key, table] of tables) {
      const [model, , , imatrix] = JSON.parse(key) as TableKey
      const one = table.get(name)
      if (model === models.activeId && imatrix === models.imatrix && one) found.push(one)
    }
    return found
  }

  /** Brings every table up to date that somebody has asked for. */
  function loadAgain(): void {
    const keys = [...requested]
    requested.clear()
    for (const key of keys) void load(...(JSON.parse(key) as TableKey))
  }

  function start(): void {
    const queue = pacedBatch<Events['measurements']>((batches) => {
      for (const batch of batches) put(batch.model, batch.imatrix, batch.measurements)
    })
    on('measurements', queue)
    onGap(loadAgain)
  }

  return { table, ofTensor, start }
})
