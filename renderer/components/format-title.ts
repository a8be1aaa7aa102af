import type { Method } from '../../preload/contract.ts'

/** `Q4_K`, or `Q4_K optimal` where it is not made as llama.cpp makes it. */
export function formatTitle(format: string, method: Method): string {
  return method === 'reference' ? format : `${format} ${method}`
}
