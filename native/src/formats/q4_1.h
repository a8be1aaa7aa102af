// Q4_1: its codes and where they lie; layout: main/engine/quantizers/q4-legacy.ts.
#pragma once

#include "legacy_affine.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

struct Q4_1 {
  static constexpr int BYTES = 20;
  static constexpr int NIBBLES = 4;
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

}  // namespace quantaloupe::QUANTALOUPE_TARGET
