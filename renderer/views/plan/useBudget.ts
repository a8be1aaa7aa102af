import { computed } from 'vue'
import type { Budget } from '../../../preload/contract.ts'
import { exact, significant } from '../../charts/numbers.ts'
import { useAllocation, type Gesture } from '../../stores/allocation.ts'
import { useModels } from '../../stores/models.ts'
import { usePlan } from '../../stores/plan.ts'
import { budgetScale, stepFrom } from './frontier-figures.ts'
import { parseSize, sizeText, unitOf } from './size-text.ts'

/** Keys that follow each other this fast are one step of history. */
const SAME_RUN_MS = 1000
const BPW_DIGITS = 3
/** Bits per weight are rounded up here, far below a byte of any model, so that what they were made from still fits. */
const BPW_STEPS = 1e9

/** What a plan may cost, in the way the user gives it: bytes of the file, bits per weight, or memory with the KV cache. */
export function useBudget() {
  const allocation = useAllocation()
  const models = useModels()
  const plan = usePlan()

  const points = computed(() => allocation.frontier?.points ?? [])
  const scale = computed(() => budgetScale(points.value, models.active?.parameters ?? 1))
  /** Memory beside the bytes of a file: the KV cache, less the header, which is not kept with the weights. */
  const besideFile = computed(() => {
    const [first, weights] = [points.value[0], models.active?.parameters ?? 0]
    const header = first ? first.fileBytes - Math.round((first.bpw * weights) / 8) : 0
    return (allocation.memory?.kvBytes ?? 0) - header
  })
  /** Of the plan on screen. */
  const reached = computed(() => plan.evaluated?.fileBytes ?? 0)
  const budget = computed(() => allocation.asked ?? plan.budget)
  /** Where the slider stands, in bytes of the file. */
  const value = computed(() => (budget.value ? fileBytesOf(budget.value) : reached.value))

  function fileBytesOf(one: Budget): number {
    if (one.kind === 'file') return one.bytes
    if (one.kind === 'memory') return one.bytes - besideFile.value
    return Math.round(scale.value?.fileBytesOf(one.bpw) ?? reached.value)
  }

  function budgetOf(fileBytes: number, bpw = scale.value?.bpwOf(fileBytes) ?? 0): Budget {
    const { way, context, cacheType } = allocation
    if (way === 'bpw') return { kind: 'bpw', bpw: Math.ceil(bpw * BPW_STEPS) / BPW_STEPS }
    if (way === 'file') return { kind: 'file', bytes: fileBytes }
    return { kind: 'memory', bytes: fileBytes + besideFile.value, context, cacheType }
  }

  /** A file size as the chosen way tells it. */
  function textOf(fileBytes: number): string {
    if (allocation.way === 'bpw') return (scale.value?.bpwOf(fileBytes) ?? 0).toFixed(BPW_DIGITS)
    return sizeText(allocation.way === 'memory' ? fileBytes + besideFile.value : fileBytes)
  }

  /** A typed budget; null when it is none. */
  function parsed(text: string): Budget | null {
    if (allocation.way === 'bpw') {
      const bpw = Number(text.replace(/\s*bpw$/i, ''))
      return Number.isFinite(bpw) && bpw > 0 ? { kind: 'bpw', bpw } : null
    }
    const bytes = parseSize(text, unitOf(value.value).bytes)
    if (bytes === null) return null
    return allocation.way === 'file' ? { kind: 'file', bytes } : budgetOf(bytes - besideFile.value)
  }

  let gesture: Gesture = { state: null }
  let lastKey = 0

  function grab(): void {
    gesture = { state: null }
    lastKey = 0
  }

  const move = (fileBytes: number) => allocation.within(budgetOf(fileBytes), gesture)
  const within = (next: Budget) => allocation.within(next)

  /** The best plan in the bytes of something: a preset, a point of the chart. */
  const withinBytes = (fileBytes: number) => allocation.within(budgetOf(fileBytes))

  /** The next best plan that is larger or smaller. */
  async function step(steps: number): Promise<void> {
    const next = stepFrom(points.value, allocation.asked ? value.value : reached.value, steps)
    if (!next) return
    const now = performance.now()
    if (now - lastKey > SAME_RUN_MS) gesture = { state: null }
    lastKey = now
    await allocation.within(budgetOf(next.fileBytes, next.bpw), gesture)
  }

  const range = computed(() => {
    if (!scale.value) return ''
    const unit = allocation.way === 'bpw' ? ' bpw' : ''
    return `${textOf(scale.value.smallest)} to ${textOf(scale.value.largest)}${unit}`
  })
  const spoken = computed(
    () =>
      `${textOf(value.value)}, ${exact(reached.value)} bytes, damage ${significant(plan.evaluated?.predictedDamage ?? null)}`,
  )

  return {
    points, scale, value, reached, range, spoken,
    textOf, parsed, grab, move, within, withinBytes, step,
  } // prettier-ignore
}
