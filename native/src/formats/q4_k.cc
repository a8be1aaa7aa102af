// Q4_K; layout and twin: main/engine/quantizers/q4-k.ts (ggml-quants.c: quantize_row_q4_K_ref, _impl).
#include "k_scales.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 144;
constexpr int NIBBLES = 16;

struct Q4K : SixBitScales {
  static constexpr int MAX_CODE = 15;
  static constexpr int WORDS = BYTES / 4;
  static constexpr bool LIMITS_WEIGHTED = false;
  static constexpr AffineSearch plain_search = {-1.f, 0.1f, 20, MAX_CODE};
  static constexpr AffineSearch weighted_search = {-0.9f, 0.05f, 36, MAX_CODE};

  QUANTALOUPE_INLINE void pack_codes(const vint (*codes)[COUNT], vint (&words)[WORDS]) {
    for (int group = 0; group < 4; group += 1) {
      const vint(&low)[COUNT] = codes[2 * group];
      const vint(&high)[COUNT] = codes[2 * group + 1];
      for (int i = 0; i < 32; i += 4) {
        words[NIBBLES / 4 + 8 * group + i / 4] =
            word_of(low[i] | high[i] << 4, low[i + 1] | high[i + 1] << 4, low[i + 2] | high[i + 2] << 4,
                    low[i + 3] | high[i + 3] << 4);
      }
    }
  }
};

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
const FormatKernel kernel_Q4_K = {"Q4_K", SUPER_BLOCK, BYTES, quantize_affine<Q4K>, dequantize};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
