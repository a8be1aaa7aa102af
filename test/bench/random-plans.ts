import type { PlanChoices } from '../../preload/contract.ts'
import { seededRandom } from '../support/random-rows.ts'

/** Sizes of all plans lie in the last thousandth below the wanted one. */
const TOLERANCE = 1e-3
/** A plan that does not come out in so many steps is drawn again. */
const STEPS = 10_000

interface FileSizes {
  /** Exact size of the file that a set of choices makes. */
  fileBytes(choices: PlanChoices): Promise<number>
}

/**
 * Plans of equal size that nobody searched for: a format by lot for each tensor, then changes by lot in the needed direction
 * until the file has the wanted size. The same plans for the same seed.
 */
export async function randomPlans(
  tensors: readonly string[],
  formats: readonly string[],
  files: FileSizes,
  { count, wantedBytes, seed }: { count: number; wantedBytes: number; seed: number },
): Promise<PlanChoices[]> {
  const random = seededRandom(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const sizes = await formatSizes(tensors, formats, files)
  const plans: PlanChoices[] = []
  while (plans.length < count) {
    const plan = new Map(tensors.map((tensor) => [tensor, pick(formats)]))
    if (adjust(plan, sizes, wantedBytes, () => [pick(tensors), pick(formats)])) plans.push(asChoices(plan))
  }
  return plans
}

interface Sizes {
  /** File size but for the tensors. */
  readonly rest: number
  of(tensor: string, format: string): number
}

async function formatSizes(
  tensors: readonly string[],
  formats: readonly string[],
  files: FileSizes,
): Promise<Sizes> {
  const [first] = formats
  if (first === undefined) throw new Error('There are no formats to choose from')
  const uniform = new Map(tensors.map((tensor) => [tensor, first]))
  const base = await files.fileBytes(asChoices(uniform))
  const sizes = new Map<string, number>()
  for (const tensor of tensors) {
    for (const format of formats) {
      const changed = await files.fileBytes(asChoices(new Map([...uniform, [tensor, format]])))
      sizes.set(`${tensor} ${format}`, changed - base)
    }
  }
  return { rest: base, of: (tensor, format) => sizes.get(`${tensor} ${format}`) ?? 0 }
}

/** Changes formats until the size fits; false when it does not come out. */
function adjust(
  plan: Map<string, string>,
  sizes: Sizes,
  wantedBytes: number,
  draw: () => readonly [tensor: string, format: string],
): boolean {
  let bytes = [...plan].reduce((sum, [tensor, format]) => sum + sizes.of(tensor, format), sizes.rest)
  for (let step = 0; step < STEPS; step += 1) {
    if (bytes <= wantedBytes && bytes > wantedBytes * (1 - TOLERANCE)) return true
    const [tensor, format] = draw()
    const change = sizes.of(tensor, format) - sizes.of(tensor, plan.get(tensor) ?? format)
    if (Math.abs(bytes + change - wantedBytes) >= Math.abs(bytes - wantedBytes)) continue
    plan.set(tensor, format)
    bytes += change
  }
  return false
}

function asChoices(plan: ReadonlyMap<string, string>): PlanChoices {
  return Object.fromEntries([...plan].map(([tensor, format]) => [tensor, { format, method: 'reference' }]))
}
