// Codes of the 4- and 5-bit formats with 32 weights; layout: main/engine/quantizers/legacy-codes.ts.
#pragma once

#include "bytes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// 16 bytes: codes i and i + 16 share byte i.
QUANTALOUPE_INLINE void pack_nibbles(const bytes16 (&codes)[2], uint8_t *to) {
  store_bytes(to, (codes[0] & 15) | codes[1] << 4);
}

// 4 bytes: the fifth bit of every code.
QUANTALOUPE_INLINE void pack_fifths(const bytes16 (&codes)[2], uint8_t *to) {
  const uint32_t fifths = high_bits(codes[0] << 3) | high_bits(codes[1] << 3) << 16;
  memcpy(to, &fifths, sizeof fifths);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
