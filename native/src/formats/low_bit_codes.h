// Two-bit codes, in order, the first lowest.
#pragma once

#include "bytes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Four codes of one byte each, in a word, moved together.
constexpr uint32_t join_fields(uint32_t word) {
  const uint32_t pairs = word | word >> 6;
  return pairs | pairs >> 12;
}

// Four bytes of 16 codes.
QUANTALOUPE_INLINE void store_fields(uint8_t *to, bytes16 codes) {
  uint32_t words[4];
  memcpy(words, &codes, sizeof codes);
  for (int i = 0; i < 4; i += 1) to[i] = (uint8_t)join_fields(words[i]);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
