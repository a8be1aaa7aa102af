// Q5_1: its codes and where they lie; layout: main/engine/quantizers/q5-legacy.ts.
#pragma once

#include "legacy_affine.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

struct Q5_1 {
  static constexpr int BYTES = 24;
  static constexpr int FIFTHS = 4;
  static constexpr int NIBBLES = 8;
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

}  // namespace quantaloupe::QUANTALOUPE_TARGET
