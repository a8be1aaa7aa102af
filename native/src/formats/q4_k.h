// The layout of Q4_K and how the reference searches it; drawn in main/engine/quantizers/q4-k.ts.
#pragma once

#include "k_scales.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

struct Q4K : SixBitScales {
  static constexpr int BYTES = 144;
  static constexpr int NIBBLES = 16;
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

}  // namespace quantaloupe::QUANTALOUPE_TARGET
