// Blocks of TQ1_0 and TQ2_0, made of codes; layout: main/engine/quantizers/ternary.ts.
#pragma once

#include "half.h"
#include "ternary_codes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int TERNARY_BLOCK = 256;
constexpr int TQ1_BYTES = 54;
constexpr int TQ1_SCALE = 52;
constexpr int TQ2_BYTES = 66;
constexpr int TQ2_SCALE = 64;

// Codes are handled 16 at a time.
typedef bytes16 TernaryCodes[TERNARY_BLOCK / 16];

// Five digits in base 3 as a fraction in units of 1/256, rounded up.
QUANTALOUPE_INLINE bytes16 to_fraction(bytes16 number) {
  uint8_t bytes[16];
  store_bytes(bytes, number);
  for (int i = 0; i < 16; i += 1) bytes[i] = (uint8_t)((bytes[i] * 256u + 242u) / 243u);
  return load_bytes(bytes);
}

// Digits of which the first and each next lie `step` chunks apart.
QUANTALOUPE_INLINE bytes16 pack_digits(const bytes16 *codes, int step) {
  bytes16 number = codes[0];
  for (int n = 1; n < 5; n += 1) number = number * 3 + codes[step * n];
  return to_fraction(number);
}

// The last 16 codes as four bytes of four digits.
QUANTALOUPE_INLINE void pack_rest(bytes16 codes, uint8_t *out) {
  for (int i = 0; i < 4; i += 1) {
    uint32_t number = 0;
    for (int n = 0; n < 4; n += 1) number = number * 3 + codes[i + 4 * n];
    out[i] = (uint8_t)((number * 3 * 256 + 242) / 243);
  }
}

QUANTALOUPE_INLINE void store_tq1(const TernaryCodes &codes, uint16_t d, uint8_t *out) {
  store_half(out + TQ1_SCALE, d);
  store_bytes(out, pack_digits(codes, 2));
  store_bytes(out + 16, pack_digits(codes + 1, 2));
  store_bytes(out + 32, pack_digits(codes + 10, 1));
  pack_rest(codes[15], out + 48);
}

// First of the four chunks, two apart, whose codes share 16 bytes of TQ2_0; part 0 ... 3.
constexpr int first_chunk(int part) { return 8 * (part >> 1) + (part & 1); }

QUANTALOUPE_INLINE void store_tq2(const TernaryCodes &codes, uint16_t d, uint8_t *out) {
  store_half(out + TQ2_SCALE, d);
  for (int part = 0; part < 4; part += 1) {
    const bytes16 *of = codes + first_chunk(part);
    store_bytes(out + 16 * part, of[0] | of[2] << 2 | of[4] << 4 | of[6] << 6);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
