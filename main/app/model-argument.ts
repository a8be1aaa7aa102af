import { resolve } from 'node:path'

/**
 * The model named on a command line of the application, as an absolute path.
 *
 * Chromium adds switches of its own and moves them about; unpackaged, the first operand is our script.
 */
export function modelArgument(argv: readonly string[], folder: string, isPackaged: boolean): string | null {
  const operands = argv.slice(1).filter((argument) => !argument.startsWith('-'))
  const model = operands[isPackaged ? 0 : 1]
  return model === undefined ? null : resolve(folder, model)
}
