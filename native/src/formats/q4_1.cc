// Q4_1; layout and twin: main/engine/quantizers/q4-legacy.ts (ggml-quants.c: quantize_row_q4_1_ref, _impl).
#include "legacy_affine.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 20;
constexpr int NIBBLES = 4;

struct Q4_1 {
  static constexpr int MAX_CODE = 15;
  static constexpr int WORDS = BYTES / 4;
  static constexpr AffineSearch search = {-0.9f, 0.05f, 36, MAX_CODE};

  QUANTALOUPE_INLINE void pack(const bytes16 (&codes)[2], uint8_t *block) {
    store_bytes(block + NIBBLES, codes[0] | codes[1] << 4);
  }

  QUANTALOUPE_INLINE vint pair(const vint (&codes)[32], int i) { return codes[i] | codes[i + 16] << 4; }

  QUANTALOUPE_INLINE void pack_words(const vint (&codes)[32], vint (&words)[WORDS]) {
    for (int i = 0; i < 16; i += 4) {
      words[(NIBBLES + i) / 4] =
          word_of(pair(codes, i), pair(codes, i + 1), pair(codes, i + 2), pair(codes, i + 3));
    }
  }
};

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += LEGACY_BLOCK) {
    const float scale = half_to_float(load_half(bytes));
    const float low = half_to_float(load_half(bytes + 2));
    const bytes16 pairs = load_bytes(bytes + NIBBLES);
    store_affine(out, scale, low, pairs & 15);
    store_affine(out + 16, scale, low, pairs >> 4);
  }
}

}  // namespace

extern const FormatKernel kernel_Q4_1;
const FormatKernel kernel_Q4_1 = {"Q4_1", LEGACY_BLOCK, BYTES, quantize_legacy_affine<Q4_1>, dequantize};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
