// Q4_K; layout and twin: main/engine/quantizers/q4-k.ts (ggml-quants.c: quantize_row_q4_K_ref, _impl).
#include "q4_k.h"

#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = Q4K::BYTES;
constexpr int NIBBLES = Q4K::NIBBLES;

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += SUPER_BLOCK) {
    float scale[8], low[8];
    read_sub_blocks(bytes, scale, low);
    for (int group = 0; group < 4; group += 1) {
      const int j = 2 * group;
      for (int i = 0; i < 32; i += 16) {
        const bytes16 pairs = load_bytes(bytes + NIBBLES + 32 * group + i);
        float *to = out + 64 * group + i;
        store_affine(to, scale[j], low[j], pairs & 15);
        store_affine(to + 32, scale[j + 1], low[j + 1], pairs >> 4);
      }
    }
  }
}

}  // namespace

extern const FormatKernel kernel_Q4_K;
const FormatKernel kernel_Q4_K = {"Q4_K", SUPER_BLOCK, BYTES, quantize_affine<Q4K>, dequantize,
                                  &optimal_Q4_K};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
