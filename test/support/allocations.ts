import type { Services } from '../../main/services/index.ts'
import type { AllocationRequest, Budget, Plan, PlanChoices } from '../../preload/contract.ts'
import { callOk } from './services.ts'

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
