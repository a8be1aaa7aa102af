import type { Model } from '../../engine/formats/model.ts'
import type { Sensitivities } from '../../../preload/contract.ts'
import type { SensitivityText, StoredReplacement } from '../cache/sensitivities.ts'
import type { Core } from '../core.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import { weightsIdentity } from '../measurements/weights-identity.ts'
import { groupImportance } from './group-importance.ts'
import { sensitivityGroups } from './sensitivity-groups.ts'

/** Measured replacements on one text with one length. */
interface MeasuredSet {
  readonly text: SensitivityText
  readonly replacements: readonly StoredReplacement[]
  /** Tensors that were replaced, alone or in a group. */
  readonly covered: number
  readonly measuredAt: string
}

/**
 * What is measured of a model's sensitivities, with exactly the importance given; null where nothing is.
 *
 * Figures of different texts are not mixed: of the sets of one text, context and number of tokens the one that covers most
 * tensors is given; of equal ones that with more tokens, then the one measured last. Groups may overlap (one tensor alone,
 * and with its neighbours); who uses them decides. Nothing is read from the model: where a tensor was never read, nothing is
 * known.
 *
 * @throws QuantaloupeError as `Cache.use`
 */
export function knownSensitivities(
  { cache, fingerprints }: Pick<Core, 'cache' | 'fingerprints'>,
  model: Model,
  statistics: ActivationStatistics,
): Sensitivities | null {
  const weights = weightsIdentity(model, fingerprints)
  if (weights === null) return null
  const stored = cache
    .use(({ sensitivities }) => sensitivities.list(weights))
    .filter(({ key }) => key.importance === groupImportance(key.tensors, statistics))
  const [best] = measuredSets(stored).sort(mostComplete)
  if (!best) return null
  const places = new Map(model.tensors.map(({ name }, index) => [name, index]))
  const place = ({ key }: StoredReplacement): number => places.get(key.tensors[0] ?? '') ?? 0
  const inOrder = best.replacements.toSorted((a, b) => place(a) - place(b))
  return {
    schema: 1,
    model: model.name,
    tokens: best.text.tokens,
    context: best.text.context,
    groups: sensitivityGroups(inOrder.map(({ key, replacement }) => ({ ...key, replacement }))),
  }
}

function measuredSets(stored: readonly StoredReplacement[]): MeasuredSet[] {
  const sets = Map.groupBy(stored, ({ key: { text } }) => `${text.sha256} ${text.context} ${text.tokens}`)
  return [...sets.values()].flatMap((replacements) => {
    const [first, last] = [replacements[0], replacements.at(-1)]
    if (!first || !last) return []
    const covered = new Set(replacements.flatMap(({ key }) => key.tensors)).size
    return [{ text: first.key.text, replacements, covered, measuredAt: last.measuredAt }]
  })
}

function mostComplete(a: MeasuredSet, b: MeasuredSet): number {
  return b.covered - a.covered || b.text.tokens - a.text.tokens || b.measuredAt.localeCompare(a.measuredAt)
}
