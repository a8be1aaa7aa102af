import { chooseKernels, typescriptKernels, type Kernels } from '../../main/engine/kernels/kernels.ts'

/** Kernels to be compared with the TypeScript ones: every target of the addon that this machine can run. */
export interface Twin {
  readonly title: string
  readonly kernels: Kernels
}

/** The TypeScript kernels first; they alone where the addon is not built. */
export function allTwins(): readonly Twin[] {
  const native = chooseKernels(true)
  const built = native === typescriptKernels ? [] : [{ title: 'native', kernels: native }]
  return [{ title: 'typescript', kernels: typescriptKernels }, ...built]
}
