// Q5_1; layout and twin: main/engine/quantizers/q5-legacy.ts (ggml-quants.c: quantize_row_q5_1_ref, _impl).
#include "legacy_affine.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 24;
constexpr int FIFTHS = 4;
constexpr int NIBBLES = 8;

struct Q5_1 {
  static constexpr int MAX_CODE = 31;
  static constexpr int WORDS = BYTES / 4;
  static constexpr AffineSearch search = {-0.9f, 0.05f, 36, MAX_CODE};

  QUANTALOUPE_INLINE void pack(const bytes16 (&codes)[2], uint8_t *block) {
    const uint32_t fifths = high_bits(codes[0] << 3) | high_bits(codes[1] << 3) << 16;
    memcpy(block + FIFTHS, &fifths, sizeof fifths);
    store_bytes(block + NIBBLES, (codes[0] & 15) | codes[1] << 4);
  }

  QUANTALOUPE_INLINE vint nibbles(const vint (&codes)[32], int i) {
    return (codes[i] & 15) | (codes[i + 16] & 15) << 4;
  }

  QUANTALOUPE_INLINE void pack_words(const vint (&codes)[32], vint (&words)[WORDS]) {
    vint fifths = {};
    for (int i = 0; i < 32; i += 1) fifths |= codes[i] >> 4 << i;
    words[FIFTHS / 4] = fifths;
    for (int i = 0; i < 16; i += 4) {
      words[(NIBBLES + i) / 4] =
          word_of(nibbles(codes, i), nibbles(codes, i + 1), nibbles(codes, i + 2), nibbles(codes, i + 3));
    }
  }
};

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += LEGACY_BLOCK) {
    const float scale = half_to_float(load_half(bytes));
    const float low = half_to_float(load_half(bytes + 2));
    const bytes16 pairs = load_bytes(bytes + NIBBLES);
    const bytes16 fifths[2] = {
        spread_bits(load_half(bytes + FIFTHS)) & 16,
        spread_bits(load_half(bytes + FIFTHS + 2)) & 16,
    };
    store_affine(out, scale, low, (pairs & 15) | fifths[0]);
    store_affine(out + 16, scale, low, pairs >> 4 | fifths[1]);
  }
}

}  // namespace

extern const FormatKernel kernel_Q5_1;
const FormatKernel kernel_Q5_1 = {"Q5_1", LEGACY_BLOCK, BYTES, quantize_legacy_affine<Q5_1>, dequantize};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
