// Q5_K; layout and twin: main/engine/quantizers/q5-k.ts (ggml-quants.c: quantize_row_q5_K_ref, _impl).
#include "q5_k.h"

#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = Q5K::BYTES;
constexpr int FIFTHS = Q5K::FIFTHS;
constexpr int NIBBLES = Q5K::NIBBLES;

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += SUPER_BLOCK) {
    float scale[8], low[8];
    read_sub_blocks(bytes, scale, low);
    for (int i = 0; i < 32; i += 16) {
      bytes16 fifths = load_bytes(bytes + FIFTHS + i);
      for (int group = 0; group < 4; group += 1) {
        const int j = 2 * group;
        const bytes16 pairs = load_bytes(bytes + NIBBLES + 32 * group + i);
        float *to = out + 64 * group + i;
        store_affine(to, scale[j], low[j], (pairs & 15) | (fifths & 1) << 4);
        store_affine(to + 32, scale[j + 1], low[j + 1], pairs >> 4 | (fifths & 2) << 3);
        fifths >>= 2;
      }
    }
  }
}

}  // namespace

extern const FormatKernel kernel_Q5_K;
const FormatKernel kernel_Q5_K = {"Q5_K", SUPER_BLOCK, BYTES, quantize_affine<Q5K>, dequantize,
                                  &optimal_Q5_K};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
