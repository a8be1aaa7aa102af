import { loadAddon, type NativeAddon, type NativeFormat } from '../../../native/index.ts'
import { QuantaloupeError } from '../errors.ts'
import type { Format, Method, StoredType } from '../quantizers/format.ts'
import { storedType } from '../quantizers/registry.ts'
import { checkImportance } from './checks.ts'
import type { Kernels } from './kernels.ts'
import { typescriptKernels } from './typescript-kernels.ts'

/** Names the instruction set to use instead of the machine's best. */
const SIMD_VARIABLE = 'QUANTALOUPE_SIMD'

const made = new Map<string, Kernels>()

/** Instruction sets that the addon has kernels for and this machine can run, best first; none without an addon. */
export function nativeTargets(): readonly string[] {
  return loadAddon()?.targets ?? []
}

/**
 * The native kernels of an instruction set: of the one that `QUANTALOUPE_SIMD` names, else of the machine's best.
 * Undefined without an addon.
 *
 * @throws QuantaloupeError `SIMD_UNAVAILABLE`
 */
export function nativeKernels(target = wantedTarget()): Kernels | undefined {
  const addon = loadAddon()
  if (!addon || target === undefined) return undefined
  const known = made.get(target)
  if (known) return known
  const kernels = kernelsOf(addon, target)
  made.set(target, kernels)
  return kernels
}

function wantedTarget(): string | undefined {
  const targets = nativeTargets()
  const wanted = process.env[SIMD_VARIABLE] ?? ''
  if (wanted === '') return targets[0]
  if (targets.includes(wanted)) return wanted
  throw new QuantaloupeError('SIMD_UNAVAILABLE', `There are no native kernels for "${wanted}" here`, {
    place: SIMD_VARIABLE,
    expected: targets.length > 0 ? `one of ${targets.join(', ')}` : 'the native kernels to be built',
    remedy: 'Leave the variable empty for the best there is.',
  })
}

/** Types and methods that have no kernel go to the TypeScript twin. */
function kernelsOf(addon: NativeAddon, target: string): Kernels {
  const native = addon.kernels(target)
  const kernels = kernelPlaces(addon)
  const quantizer = (format: Format, method: Method): readonly [number, number] | undefined => {
    const place = kernels.get(format)
    if (place === undefined || !addon.formats[place]?.methods.includes(method)) return undefined
    return [place, addon.methods.indexOf(method)]
  }
  return {
    name: `native ${target}`,

    dequantizeRows(type, bytes, out) {
      const place = kernels.get(type)
      if (place === undefined) typescriptKernels.dequantizeRows(type, bytes, out)
      else native.dequantize(place, bytes, out)
    },

    quantizeRows(format, method, weights, rowLength, importance, out) {
      const places = quantizer(format, method)
      if (places === undefined) {
        return typescriptKernels.quantizeRows(format, method, weights, rowLength, importance, out)
      }
      checkImportance(format, rowLength, importance)
      native.quantize(...places, weights, rowLength, importance, out)
    },

    measureRows(format, method, rows, sums) {
      const places = quantizer(format, method)
      if (places === undefined) return typescriptKernels.measureRows(format, method, rows, sums)
      const { weights, rowLength, importance, bytes, quants, skipped, bandStarts } = rows
      checkImportance(format, rowLength, importance)
      native.measure(...places, weights, rowLength, importance, bytes, quants, skipped, bandStarts, sums)
    },

    findNonFinite: (values) => native.findNonFinite(values),
    quadraticForms: (rows, n, S, forms) => native.quadraticForms(rows, n, S, forms),
  }
}

/** Keyed by the registry's own entry: a copy with another method of the same name has no kernel. */
function kernelPlaces({ formats }: NativeAddon): ReadonlyMap<StoredType, number> {
  const places = new Map<StoredType, number>()
  for (const [place, kernel] of formats.entries()) {
    const type = storedType(kernel.name)
    if (type && sameGeometry(kernel, type)) places.set(type, place)
  }
  return places
}

function sameGeometry(kernel: NativeFormat, type: StoredType): boolean {
  return kernel.blockSize === type.blockSize && kernel.blockBytes === type.blockBytes
}
