// Q5_1; layout and twin: main/engine/quantizers/q5-legacy.ts (ggml-quants.c: quantize_row_q5_1_ref, _impl).
#include "q5_1.h"

#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += Q5_1::BYTES, out += LEGACY_BLOCK) {
    const float scale = half_to_float(load_half(bytes));
    const float low = half_to_float(load_half(bytes + 2));
    const bytes16 pairs = load_bytes(bytes + Q5_1::NIBBLES);
    const bytes16 fifths[2] = {
        spread_bits(load_half(bytes + Q5_1::FIFTHS)) & 16,
        spread_bits(load_half(bytes + Q5_1::FIFTHS + 2)) & 16,
    };
    store_affine(out, scale, low, (pairs & 15) | fifths[0]);
    store_affine(out + 16, scale, low, pairs >> 4 | fifths[1]);
  }
}

}  // namespace

extern const FormatKernel kernel_Q5_1;
const FormatKernel kernel_Q5_1 = {"Q5_1", LEGACY_BLOCK, Q5_1::BYTES, quantize_legacy_affine<Q5_1>, dequantize,
                                  &optimal_Q5_1};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
