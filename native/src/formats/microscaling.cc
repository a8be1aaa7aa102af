// MXFP4 and NVFP4; layout and twin: main/engine/quantizers/microscaling.ts and e2m1.ts
// (ggml-quants.c: quantize_row_mxfp4_ref, quantize_row_nvfp4_ref).
#include "e2m1.h"
#include "kernels.h"
#include "largest_magnitude.h"
#include "one_byte_scales.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int MX_BLOCK = 32;
constexpr int MX_BYTES = 17;
constexpr int NV_BLOCK = 64;
constexpr int NV_SUB_BLOCK = 16;
constexpr int NV_BYTES = 36;
constexpr int NV_NIBBLES = 4;
// Below this, distances from codes under the largest NVFP4 scale round too little to become equal.
constexpr float FAR_OUT = 0x1p24f;

// The same by ggml's comparison of rounded distances: far out they are equal, and the first code wins.
bytes16 nearest_exactly(const float *weights, float scale) {
  vint codes[16 / LANES];
  for (int i = 0; i < 16 / LANES; i += 1) {
    const vfloat weight = load(weights + LANES * i);
    vfloat best = magnitude(weight);
    codes[i] = vint{};
    for (int code = 1; code < 16; code += 1) {
      const vfloat error = magnitude(DOUBLED_VALUES[code] * scale - weight);
      const vint better = error < best;
      best = select(better, error, best);
      codes[i] = select(better, splat(code), codes[i]);
    }
  }
  return narrow(codes);
}

// floor(log2f(largest)) + 125, modulo 256. The logarithm is rounded to single precision before it is
// rounded down: less than half of its spacing below a power of two it is the next exponent already. Where
// the spacing is widest, from exponent -129 down, that is so for the last 88 significands of 24 bits, and
// for half as many each time that the exponent halves.
uint8_t shared_exponent(float largest) {
  if (largest == 0) return 0;
  const int lifted = largest < 0x1p-126f ? 32 : 0;
  const uint32_t bits = float_bits(lifted ? largest * 0x1p32f : largest);
  const int exponent = (int)(bits >> 23) - 127 - lifted;
  const uint32_t size = (uint32_t)(exponent < 0 ? ~exponent : exponent);
  const uint32_t reach = 88u >> (__builtin_clz(size | 1) - 24);
  const bool carries = 0x800000 - (bits & 0x7fffff) <= reach;
  return (uint8_t)(exponent + carries + 125);
}

void quantize_mx(const Rows &rows) {
  const size_t blocks = rows.rows * rows.row_length / MX_BLOCK;
  const float *weights = rows.weights;
  uint8_t *out = rows.out;
  for (size_t block = 0; block < blocks; block += 1, weights += MX_BLOCK, out += MX_BYTES) {
    out[0] = shared_exponent(largest_magnitude<MX_BLOCK>(weights));
    const float scale = halved_e8m0(out[0]);
    store_pairs(out + 1, nearest(weights, scale), nearest(weights + 16, scale));
  }
}

void dequantize_mx(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += MX_BYTES, out += MX_BLOCK) {
    const float scale = halved_e8m0(bytes[0]);
    const bytes16 pairs = load_bytes(bytes + 1);
    store_scaled(out, scale, doubled_values(pairs & 15));
    store_scaled(out + 16, scale, doubled_values(pairs >> 4));
  }
}

bytes16 encode_sub_block(const float *weights, float largest, float scale) {
  if (scale == 0) return bytes16{};
  return largest < FAR_OUT ? nearest(weights, scale) : nearest_exactly(weights, scale);
}

void quantize_nv(const Rows &rows) {
  const size_t blocks = rows.rows * rows.row_length / NV_BLOCK;
  const float *weights = rows.weights;
  uint8_t *out = rows.out;
  for (size_t block = 0; block < blocks; block += 1, out += NV_BYTES) {
    for (int j = 0; j < 4; j += 1, weights += NV_SUB_BLOCK) {
      const float largest = largest_magnitude<NV_SUB_BLOCK>(weights);
      out[j] = encode_ue4m3(largest / 6);
      store_pairs(out + NV_NIBBLES + 8 * j, encode_sub_block(weights, largest, HALVED_UE4M3.of[out[j]]));
    }
  }
}

void dequantize_nv(const uint8_t *bytes, size_t blocks, float *out) {
  constexpr uint64_t LOW_HALVES = 0x0f0f0f0f0f0f0f0f;
  for (size_t block = 0; block < blocks; block += 1, bytes += NV_BYTES) {
    for (int j = 0; j < 4; j += 1, out += NV_SUB_BLOCK) {
      uint64_t pairs;
      memcpy(&pairs, bytes + NV_NIBBLES + 8 * j, sizeof pairs);
      const words2 halves = {pairs & LOW_HALVES, pairs >> 4 & LOW_HALVES};
      store_scaled(out, HALVED_UE4M3.of[bytes[j]], doubled_values((bytes16)halves));
    }
  }
}

}  // namespace

extern const FormatKernel kernel_MXFP4 = {"MXFP4", MX_BLOCK, MX_BYTES, quantize_mx, dequantize_mx,
                                           &optimal_MXFP4};
extern const FormatKernel kernel_NVFP4 = {"NVFP4", NV_BLOCK, NV_BYTES, quantize_nv, dequantize_nv,
                                           &optimal_NVFP4};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
