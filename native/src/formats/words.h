// Blocks as 32-bit words in lanes: word i of every block in words[i].
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Four bytes, the first lowest.
QUANTALOUPE_INLINE vint word_of(vint a, vint b, vint c, vint d) { return a | b << 8 | c << 16 | d << 24; }

// Writes the first `count` lanes, each to its own place.
template <int WORDS>
QUANTALOUPE_INLINE void store_blocks(const vint (&words)[WORDS], uint8_t *const (&out)[LANES], int count) {
  int32_t lanes[WORDS][LANES];
  for (int i = 0; i < WORDS; i += 1) store(lanes[i], words[i]);
  for (int lane = 0; lane < count; lane += 1) {
    for (int i = 0; i < WORDS; i += 1) memcpy(out[lane] + 4 * i, &lanes[i][lane], 4);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
