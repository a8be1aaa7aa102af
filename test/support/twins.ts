import {
  nativeKernels,
  nativeTargets,
  typescriptKernels,
  type Kernels,
} from '../../main/engine/kernels/kernels.ts'

/** Every kernels that this machine can run: the TypeScript ones, then those of each instruction set of the addon. */
export function allKernels(): readonly Kernels[] {
  const native = nativeTargets().map((target) => nativeKernels(target))
  return [typescriptKernels, ...native.filter((kernels) => kernels !== undefined)]
}
