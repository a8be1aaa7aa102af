// Q2_K; layout and twin: main/engine/quantizers/q2-k.ts (ggml-quants.c: quantize_row_q2_K_ref, _impl).
#include "q2_k.h"

#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = Q2K::BYTES;
constexpr int CODES = Q2K::CODES;
constexpr int D = Q2K::D;

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += SUPER_BLOCK) {
    const float d = half_to_float(load_half(bytes + D));
    const float dmin = half_to_float(load_half(bytes + D + 2));
    // Unrolled, because shifts of bytes are cheap by constants only.
#pragma GCC unroll 16
    for (int j = 0; j < 16; j += 1) {
      const bytes16 codes = load_bytes(bytes + CODES + 32 * (j / 8) + 16 * (j % 2));
      const float scale = d * (float)(bytes[j] & 15);
      const float low = -(dmin * (float)(bytes[j] >> 4));
      store_affine(out + 16 * j, scale, low, codes >> (j & 6) & 3);
    }
  }
}

}  // namespace

extern const FormatKernel kernel_Q2_K;
const FormatKernel kernel_Q2_K = {"Q2_K", SUPER_BLOCK, BYTES, quantize_affine<Q2K>, dequantize,
                                  &optimal_Q2_K};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
