/**
 * The place of the native twin: the addon's kernels once it is built, undefined without one.
 *
 * Kept free of imports from the rest of the project, so that `main/engine/kernels` is its only user.
 */
export function loadNative(): undefined {
  return undefined
}
