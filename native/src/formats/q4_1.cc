// Q4_1; layout and twin: main/engine/quantizers/q4-legacy.ts (ggml-quants.c: quantize_row_q4_1_ref, _impl).
#include "q4_1.h"

#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += Q4_1::BYTES, out += LEGACY_BLOCK) {
    const float scale = half_to_float(load_half(bytes));
    const float low = half_to_float(load_half(bytes + 2));
    const bytes16 pairs = load_bytes(bytes + Q4_1::NIBBLES);
    store_affine(out, scale, low, pairs & 15);
    store_affine(out + 16, scale, low, pairs >> 4);
  }
}

}  // namespace

extern const FormatKernel kernel_Q4_1;
const FormatKernel kernel_Q4_1 = {"Q4_1", LEGACY_BLOCK, Q4_1::BYTES, quantize_legacy_affine<Q4_1>, dequantize,
                                  &optimal_Q4_1};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
