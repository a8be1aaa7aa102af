// Q5_0; layout and twin: main/engine/quantizers/q5-legacy.ts (ggml-quants.c: quantize_row_q5_0_ref, _impl).
#include "legacy_packing.h"
#include "legacy_symmetric.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

struct Q5_0 {
  static constexpr int MAXIMUM = 16;
  static constexpr int BYTES = 22;
  static constexpr int FIFTHS = 2;
  static constexpr int NIBBLES = 6;

  static void pack(const bytes16 (&codes)[2], uint8_t *block) {
    pack_fifths(codes, block + FIFTHS);
    pack_nibbles(codes, block + NIBBLES);
  }
};

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += Q5_0::BYTES, out += LEGACY_BLOCK) {
    const float scale = half_to_float(load_half(bytes));
    uint32_t fifths;
    memcpy(&fifths, bytes + Q5_0::FIFTHS, sizeof fifths);
    const bytes16 pairs = load_bytes(bytes + Q5_0::NIBBLES);
    const bytes16 low = (pairs & 15) | (spread_bits(fifths) & 16);
    const bytes16 high = pairs >> 4 | (spread_bits(fifths >> 16) & 16);
    store_scaled(out, scale, low - Q5_0::MAXIMUM);
    store_scaled(out + 16, scale, high - Q5_0::MAXIMUM);
  }
}

}  // namespace

extern const FormatKernel kernel_Q5_0 = {"Q5_0", LEGACY_BLOCK, Q5_0::BYTES, quantize_legacy_symmetric<Q5_0>,
                                         dequantize, &optimal_Q5_0};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
