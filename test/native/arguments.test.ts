import { expect, it } from 'vitest'
import type { NativeKernels } from '../../native/index.ts'
import { describeAddon } from '../support/native-addon.ts'

/** A call that fits, with some arguments replaced. */
type Arguments<M extends 'quantize' | 'dequantize' | 'measure' | 'quadraticForms'> = Parameters<
  NativeKernels[M]
>

describeAddon('the addon', (addon) => {
  const kernels = addon.kernels(addon.targets[0]!)
  const format = addon.formats.findIndex(({ methods }) => methods.includes('optimal'))
  const { blockSize, blockBytes } = addon.formats[format]!
  const importance = new Float32Array(blockSize).fill(1)
  const weights = Float32Array.from({ length: 2 * blockSize }, (_, i) => Math.sin(i))
  const out = () => new Uint8Array(2 * blockBytes)

  function refuse(action: () => unknown, error: typeof TypeError | typeof RangeError, message: RegExp): void {
    expect(action).toThrow(error)
    expect(action).toThrow(message)
  }

  const quantize = (...changes: [number, unknown][]) => {
    const given: unknown[] = [format, 0, weights, blockSize, importance, out()]
    for (const [place, value] of changes) given[place] = value
    return () => kernels.quantize(...(given as Arguments<'quantize'>))
  }

  it('takes arguments that fit', () => {
    expect(quantize()).not.toThrow()
    expect(quantize([4, null])).not.toThrow()
    expect(quantize([3, 2 * blockSize], [4, null])).not.toThrow()
  })

  it('refuses a format that it does not have', () => {
    refuse(quantize([0, addon.formats.length]), RangeError, /format must be less than/)
    refuse(quantize([0, -1]), TypeError, /format must be a whole number/)
    refuse(quantize([0, 0.5]), TypeError, /format must be a whole number/)
    refuse(quantize([0, 'Q4_K']), TypeError, /format must be a whole number/)
  })

  it('refuses a method that it, or the format, does not have', () => {
    refuse(quantize([1, addon.methods.length]), RangeError, /method must be less than/)
    refuse(quantize([1, 'optimal']), TypeError, /method must be a whole number/)
    const decoded = addon.formats.findIndex(({ methods }) => methods.length === 0)
    refuse(quantize([0, decoded]), TypeError, /F64 has no method reference/)
    refuse(quantize([1, addon.methods.indexOf('exhaustive')]), TypeError, /has no method exhaustive/)
  })

  it('refuses arrays of another type, and what is no array', () => {
    for (const value of [
      undefined,
      null,
      'weights',
      [1, 2],
      {},
      weights.buffer,
      new DataView(weights.buffer),
    ]) {
      refuse(quantize([2, value]), TypeError, /weights must be a Float32Array/)
    }
    refuse(quantize([2, new Float64Array(2 * blockSize)]), TypeError, /weights must be a Float32Array/)
    refuse(quantize([4, new Float64Array(blockSize)]), TypeError, /importance must be a Float32Array/)
    refuse(quantize([4, undefined]), TypeError, /importance must be a Float32Array/)
    refuse(quantize([5, new Uint8ClampedArray(2 * blockBytes)]), TypeError, /out must be a Uint8Array/)
  })

  it('refuses missing arguments', () => {
    const bare = kernels as unknown as Record<string, () => void>
    for (const name of ['quantize', 'dequantize', 'measure', 'findNonFinite', 'quadraticForms']) {
      expect(() => bare[name]!()).toThrow(TypeError)
    }
  })

  it('refuses rows that are not whole blocks, or not whole rows', () => {
    refuse(quantize([3, 0]), RangeError, /rowLength must be 1 or more/)
    refuse(quantize([3, NaN]), TypeError, /rowLength must be a whole number/)
    refuse(quantize([3, 2 ** 60]), TypeError, /rowLength must be a whole number/)
    refuse(quantize([3, 2 ** 53 - blockSize]), RangeError, /whole rows/)
    refuse(quantize([3, 3 * blockSize]), RangeError, /whole rows/)
    refuse(quantize([2, new Float32Array(0)]), RangeError, /at least one/)
    if (blockSize > 1) refuse(quantize([3, blockSize + 1]), RangeError, /rowLength must be a multiple of/)
  })

  it('names both lengths of an importance that does not fit', () => {
    const long = new Float32Array(blockSize + 1)
    const message = new RegExp(`importance has ${blockSize + 1} values, ${blockSize} are needed`)
    refuse(quantize([4, long]), RangeError, message)
    refuse(quantize([4, new Float32Array(0)]), RangeError, /importance has 0 values/)
  })

  it('refuses an output of another length, and does not touch it', () => {
    for (const length of [0, 2 * blockBytes - 1, 2 * blockBytes + 1]) {
      const wrong = new Uint8Array(length).fill(7)
      refuse(quantize([5, wrong]), RangeError, new RegExp(`out has ${length} values, ${2 * blockBytes} are`))
      expect(wrong.every((byte) => byte === 7)).toBe(true)
    }
  })

  it('writes its output and not a byte beside it', () => {
    const room = new Uint8Array(2 * blockBytes + 64).fill(0xaa)
    quantize([5, room.subarray(32, 32 + 2 * blockBytes)])()
    expect(room.subarray(0, 32).every((byte) => byte === 0xaa)).toBe(true)
    expect(room.subarray(32 + 2 * blockBytes).every((byte) => byte === 0xaa)).toBe(true)
  })

  it('refuses arrays whose memory was given away', () => {
    const given = weights.slice()
    structuredClone(given.buffer, { transfer: [given.buffer] })
    refuse(quantize([2, given]), RangeError, /at least one/)
    const gone = out()
    structuredClone(gone.buffer, { transfer: [gone.buffer] })
    refuse(quantize([5, gone]), RangeError, /out has 0 values/)
  })

  it('reads and writes shared and growing memory', () => {
    const expected = out()
    quantize([5, expected])()
    const shared = new Float32Array(new SharedArrayBuffer(weights.byteLength))
    shared.set(weights)
    const growing = new Uint8Array(new ArrayBuffer(2 * blockBytes, { maxByteLength: 4 * blockBytes }))
    quantize([2, shared], [5, growing])()
    expect(growing).toEqual(expected)
    growing.buffer.resize(2 * blockBytes - 1)
    refuse(quantize([5, growing]), RangeError, /out has/)
  })

  it('refuses bytes that are not whole blocks, and a decoded length that does not fit', () => {
    const decode = (bytes: Uint8Array, values: Float32Array) => () =>
      kernels.dequantize(format, bytes, values)
    const values = new Float32Array(2 * blockSize)
    expect(decode(out(), values)).not.toThrow()
    expect(decode(new Uint8Array(0), new Float32Array(0))).not.toThrow()
    if (blockBytes > 1) refuse(decode(out().subarray(1), values), RangeError, /whole blocks/)
    refuse(decode(out(), values.subarray(1)), RangeError, /out has/)
    refuse(decode(out(), new Float32Array(2 * blockSize + 1)), RangeError, /out has/)
  })

  it('refuses what does not fit a measurement', () => {
    const bandStarts = Uint32Array.of(0, blockSize)
    const measure = (...changes: [number, unknown][]) => {
      const given: unknown[] = [
        format,
        0,
        weights,
        blockSize,
        null,
        out(),
        weights.slice(),
        new Uint32Array(0),
      ]
      given.push(bandStarts, new Float64Array(10))
      for (const [place, value] of changes) given[place] = value
      return () => kernels.measure(...(given as Arguments<'measure'>))
    }
    expect(measure()).not.toThrow()
    refuse(measure([6, new Float32Array(1)]), RangeError, /quants has 1 values/)
    refuse(measure([7, Uint32Array.of(2 * blockSize)]), RangeError, /skipped lies outside/)
    refuse(measure([8, new Uint32Array(0)]), RangeError, /bandStarts must rise/)
    refuse(measure([8, Uint32Array.of(0)]), RangeError, /bandStarts must rise/)
    refuse(measure([8, Uint32Array.of(1, blockSize)]), RangeError, /bandStarts must rise/)
    refuse(measure([8, Uint32Array.of(0, blockSize + 1)]), RangeError, /bandStarts must rise/)
    refuse(measure([8, Uint32Array.of(0, 2 ** 31, blockSize)]), RangeError, /bandStarts must rise/)
    refuse(measure([9, new Float64Array(9)]), RangeError, /sums has 9 values, 10 are needed/)
    refuse(measure([9, new Float32Array(10)]), TypeError, /sums must be a Float64Array/)
  })

  it('refuses a quadratic form whose matrix does not fit', () => {
    const form =
      (...given: Arguments<'quadraticForms'>) =>
      () =>
        kernels.quadraticForms(...given)
    const [rows, S, forms] = [new Float64Array(6), new Float64Array(9), new Float64Array(2)]
    expect(form(rows, 3, S, forms)).not.toThrow()
    refuse(form(rows, 4, S, forms), RangeError, /whole rows/)
    refuse(form(rows, 3, S.subarray(1), forms), RangeError, /S must be n x n/)
    refuse(form(rows, 3, new Float64Array(6), forms), RangeError, /S must be n x n/)
    refuse(form(rows, 3, S, forms.subarray(1)), RangeError, /forms has 1 values, 2 are needed/)
    // 2^32 squared is 0 in 64 bits.
    refuse(form(new Float64Array(0), 2 ** 32, new Float64Array(0), new Float64Array(0)), RangeError, /n x n/)
  })

  it('refuses a target that this machine does not have', () => {
    expect(() => addon.kernels('mmx')).toThrow(/this machine has no target mmx/)
    expect(() => (addon.kernels as (target: unknown) => void)(5)).toThrow(TypeError)
  })
})
