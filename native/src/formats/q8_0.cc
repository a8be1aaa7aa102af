// Q8_0; layout and twin: main/engine/quantizers/q8-0.ts (ggml-quants.c: quantize_row_q8_0_ref).
#include "optimal_kernels.h"
#include "plain_blocks.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 34;

// Rounds halves away from zero, as roundf; exact for magnitudes below 2^22. The float just below 0.5 does not
// lift the largest float below a half to the next integer, and rounding lifts everything else as 0.5 would.
QUANTALOUPE_INLINE vint round_away(vfloat value) {
  const vint sign = bits_of(value) & (int32_t)0x80000000;
  return to_int(value + float_of(sign | bits_of(splat(0x1.fffffep-2f))));
}

PlainScales measure(const float *weights) {
  vfloat largest[LANES] = {};
  for (int block = 0; block < LANES; block += 1) {
    for (int i = 0; i < LEGACY_VECTORS; i += 1) {
      const vfloat values = magnitude(load(weights + LEGACY_BLOCK * block + LANES * i));
      largest[block] = maximum(values, largest[block]);
    }
  }
  const vfloat scale = largest_of_each(largest) / 127.f;
  const vfloat inverse = 1.f / scale;
  PlainScales scales;
  // The inverse of zero or of the smallest scales is infinite, and all codes are 0.
  store(scales.inverses, select(inverse < __builtin_inff(), inverse, vfloat{}));
  store(scales.halves, float_to_half(scale));
  return scales;
}

void encode(const float *weights, const PlainScales &scales, int count, uint8_t *out) {
  for (int block = 0; block < count; block += 1, weights += LEGACY_BLOCK, out += BYTES) {
    vint codes[LEGACY_VECTORS];
    for (int i = 0; i < LEGACY_VECTORS; i += 1) {
      codes[i] = round_away(load(weights + LANES * i) * scales.inverses[block]);
    }
    store_half(out, (uint16_t)scales.halves[block]);
    store_codes(out + 2, codes);
  }
}

void quantize(const Rows &rows) { for_each_plain_batch<BYTES>(rows, measure, encode); }

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += LEGACY_BLOCK) {
    const float scale = half_to_float(load_half(bytes));
    store_scaled(out, scale, load_bytes(bytes + 2));
    store_scaled(out + 16, scale, load_bytes(bytes + 18));
  }
}

}  // namespace

extern const FormatKernel kernel_Q8_0 = {"Q8_0", LEGACY_BLOCK, BYTES, quantize, dequantize,
                                         &optimal_Q8_0};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
