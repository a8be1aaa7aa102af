import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openModel } from '../../main/engine/formats/open-model.ts'
import type { Services } from '../../main/services/index.ts'
import type { AllocationRequest, Budget, Plan, PlanChoices } from '../../preload/contract.ts'
import type { BuiltTensor } from './gguf-builder.ts'
import { callOk, testFolder, testServices, writeSmallModel } from './services.ts'

/** Tensors of {@link openMeasured}'s model. */
export const EMBEDDING = 'token_embd.weight'
export const QUERY = 'blk.0.attn_q.weight'
export const DOWN = 'blk.1.ffn_down.weight'

/** A request without limits, judged by role priors. */
export function allocationRequest(
  model: string,
  changes: Partial<Omit<AllocationRequest, 'model'>> = {},
): AllocationRequest {
  return {
    model,
    target: 'llama.cpp',
    methods: ['reference'],
    damage: { model: 'priors' },
    pins: {},
    excluded: [],
    groups: [],
    minimums: {},
    ...changes,
  }
}

export const fileOf = (bytes: number): Budget => ({ kind: 'file', bytes })

export function solved(services: Services, allocation: AllocationRequest, budget: Budget): Promise<Plan> {
  return callOk(services, 'allocation.solve', { allocation, budget })
}

/** What a plan decides; tensors that keep their stored bytes are not named. */
export function choicesOf({ tensors }: Plan): PlanChoices {
  return Object.fromEntries(
    tensors.flatMap(({ name, requested, method }) => (method ? [[name, { format: requested, method }]] : [])),
  )
}

export function formatsOf({ tensors }: Plan): Readonly<Record<string, string>> {
  return Object.fromEntries(tensors.map(({ name, format }) => [name, format]))
}

const FORMATS = ['Q3_K', 'Q4_K', 'Q6_K', 'Q8_0']

/** A small model whose tensors are measured in all formats; rows of odd number, so that there is padding. */
export async function openMeasured(
  options: { formats?: readonly string[]; extra?: readonly BuiltTensor[] } = {},
) {
  const services = testServices()
  const { formats = FORMATS, extra = [] } = options
  const path = writeSmallModel(testFolder(), { rows: 13, extra })
  const { id: model } = await services.library.open(path)
  await measure(services, model, formats)
  const request = (changes: Parameters<typeof allocationRequest>[1] = {}) =>
    allocationRequest(model, { formats, ...changes })
  return { services, model, path, request }
}

/** Measures every row of tensors, all where none are named. */
export async function measure(
  services: Services,
  model: string,
  formats: readonly string[],
  options: { readonly tensors?: readonly string[]; readonly imatrix?: string } = {},
): Promise<void> {
  const { id } = await services.analysis.start({ model, formats, method: 'reference', ...options })
  await finish(services, id)
}

/** Ends of what can be reached, and some sizes between. */
export async function sizes(
  services: Services,
  request: AllocationRequest,
  count: number,
): Promise<number[]> {
  const { points } = await callOk(services, 'allocation.frontier', request)
  const [least, most] = [points[0]?.fileBytes ?? NaN, points.at(-1)?.fileBytes ?? NaN]
  return Array.from({ length: count + 1 }, (_, step) => Math.round(least + ((most - least) * step) / count))
}

/** Writes a plan, and gives the size of the file; its types are what the plan says. */
export async function exportedBytes(
  services: Services,
  model: string,
  plan: Plan,
  imatrix?: string,
): Promise<number> {
  const path = join(testFolder(), 'out.gguf')
  const target = { model, choices: choicesOf(plan), path, overwrite: false, allowRequantize: false }
  const { id } = await services.exports.start({ ...target, ...(imatrix !== undefined && { imatrix }) })
  await finish(services, id)
  const types = openModel(path).tensors.map(({ type }) => type)
  const differing = plan.tensors.find(({ format }, index) => format !== types[index])
  if (differing) throw new Error(`${differing.name} was not written as ${differing.format}`)
  return statSync(path).size
}

async function finish(services: Services, job: string): Promise<void> {
  const { state, error } = await services.jobs.finished(job)
  if (state !== 'done') throw new Error(`The job is ${state}: ${error?.code}`)
}
