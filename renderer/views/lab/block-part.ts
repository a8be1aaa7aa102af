import type { ExploredGroup } from '../../../preload/contract.ts'

/** What a group of weights under one scale is called in its format. */
export function partName({ groupSize, blockSize }: ExploredGroup): 'block' | 'sub-block' {
  return groupSize < blockSize ? 'sub-block' : 'block'
}
