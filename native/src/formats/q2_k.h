// The layout of Q2_K and how the reference searches it; drawn in main/engine/quantizers/q2-k.ts.
#pragma once

#include "bytes.h"
#include "k_affine.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

struct Q2K {
  static constexpr int BYTES = 84;
  static constexpr int CODES = 16;
  static constexpr int D = 80;
  static constexpr int COUNT = 16;
  static constexpr int SUB_BLOCKS = SUPER_BLOCK / COUNT;
  static constexpr int MAX_CODE = 3;
  static constexpr int MAX_SCALE = 15;
  static constexpr int WORDS = BYTES / 4;
  static constexpr bool ABSOLUTE = true;
  static constexpr float VARIANCE = 1.f;
  static constexpr bool LIMITS_PLAIN = false;
  static constexpr bool LIMITS_WEIGHTED = false;
  static constexpr AffineSearch plain_search = {-0.5f, 0.1f, 15, MAX_CODE};
  static constexpr AffineSearch weighted_search = {-0.9f, 0.05f, 36, MAX_CODE};

  QUANTALOUPE_INLINE void plain_weights(const vfloat (&values)[COUNT], vfloat (&weights)[COUNT]) {
    for (int i = 0; i < COUNT; i += 1) weights[i] = magnitude(values[i]);
  }

  // A scale code above 15 spills into the minimum, as in ggml's bytes.
  QUANTALOUPE_INLINE void pack_scales(ScaleCodes<Q2K> &codes, vint (&words)[WORDS]) {
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const vint byte = as_byte(codes.scales[j] | codes.minima[j] << 4);
      codes.scales[j] = byte & 15;
      codes.minima[j] = byte >> 4;
      const vint word = j % 4 == 0 ? vint{} : words[j / 4];
      words[j / 4] = word | byte << (8 * (j % 4));
    }
    words[D / 4] = codes.d | codes.dmin << 16;
  }

  // Codes of weights i, i + 32, i + 64 and i + 96 of a half.
  QUANTALOUPE_INLINE vint four_codes(const vint (*codes)[COUNT], int half, int i) {
    const vint(*of)[COUNT] = codes + 8 * half + i / COUNT;
    const int at = i % COUNT;
    return of[0][at] | of[2][at] << 2 | of[4][at] << 4 | of[6][at] << 6;
  }

  QUANTALOUPE_INLINE void pack_codes(const vint (*codes)[COUNT], vint (&words)[WORDS]) {
    for (int half = 0; half < 2; half += 1) {
      for (int i = 0; i < 32; i += 4) {
        words[(CODES + 32 * half + i) / 4] =
            word_of(four_codes(codes, half, i), four_codes(codes, half, i + 1),
                    four_codes(codes, half, i + 2), four_codes(codes, half, i + 3));
      }
    }
  }
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
