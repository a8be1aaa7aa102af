// The layout of Q5_K and how the reference searches it; drawn in main/engine/quantizers/q5-k.ts.
#pragma once

#include "k_scales.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

struct Q5K : SixBitScales {
  static constexpr int BYTES = 176;
  static constexpr int FIFTHS = 16;
  static constexpr int NIBBLES = 48;
  static constexpr int MAX_CODE = 31;
  static constexpr int WORDS = BYTES / 4;
  static constexpr bool LIMITS_WEIGHTED = true;
  static constexpr AffineSearch plain_search = {-0.5f, 0.1f, 15, MAX_CODE};
  static constexpr AffineSearch weighted_search = {-0.9f, 0.05f, 36, MAX_CODE};

  // Byte i of the nibbles of a group: weight i of its two sub-blocks.
  QUANTALOUPE_INLINE vint nibbles(const vint (*codes)[COUNT], int group, int i) {
    return (codes[2 * group][i] & 15) | (codes[2 * group + 1][i] & 15) << 4;
  }

  // The fifth bits of weight i of all sub-blocks.
  QUANTALOUPE_INLINE vint fifths(const vint (*codes)[COUNT], int i) {
    vint bits = {};
    for (int j = 0; j < 8; j += 1) bits |= codes[j][i] >> 4 << j;
    return bits;
  }

  QUANTALOUPE_INLINE void pack_codes(const vint (*codes)[COUNT], vint (&words)[WORDS]) {
    for (int i = 0; i < 32; i += 4) {
      words[(FIFTHS + i) / 4] =
          word_of(fifths(codes, i), fifths(codes, i + 1), fifths(codes, i + 2), fifths(codes, i + 3));
      for (int group = 0; group < 4; group += 1) {
        words[(NIBBLES + 32 * group + i) / 4] =
            word_of(nibbles(codes, group, i), nibbles(codes, group, i + 1), nibbles(codes, group, i + 2),
                    nibbles(codes, group, i + 3));
      }
    }
  }
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
