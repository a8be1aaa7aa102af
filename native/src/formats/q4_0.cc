// Q4_0; layout and twin: main/engine/quantizers/q4-legacy.ts (ggml-quants.c: quantize_row_q4_0_ref, _impl).
#include "legacy_packing.h"
#include "legacy_symmetric.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

struct Q4_0 {
  static constexpr int MAXIMUM = 8;
  static constexpr int BYTES = 18;

  static void pack(const bytes16 (&codes)[2], uint8_t *block) {
    pack_nibbles(codes, block + 2);
  }
};

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += Q4_0::BYTES, out += LEGACY_BLOCK) {
    const float scale = half_to_float(load_half(bytes));
    const bytes16 pairs = load_bytes(bytes + 2);
    store_scaled(out, scale, (pairs & 15) - Q4_0::MAXIMUM);
    store_scaled(out + 16, scale, (pairs >> 4) - Q4_0::MAXIMUM);
  }
}

}  // namespace

extern const FormatKernel kernel_Q4_0 = {"Q4_0", LEGACY_BLOCK, Q4_0::BYTES, quantize_legacy_symmetric<Q4_0>,
                                         dequantize, &optimal_Q4_0};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
