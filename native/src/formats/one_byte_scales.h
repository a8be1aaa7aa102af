// Scales of one byte, halved as E2M1 codes are doubled; twin: main/engine/quantizers/microscaling.ts.
#pragma once

#include "half.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// 2^(e - 128).
QUANTALOUPE_INLINE float halved_e8m0(uint8_t e) {
  return bits_float(e < 2 ? 0x00200000u << e : (uint32_t)(e - 1) << 23);
}

// The UE4M3 byte nearest to a value, halves up; values from 248 on take 448.
QUANTALOUPE_INLINE uint8_t encode_ue4m3(float value) {
  if (value >= 256) return 0x7e;
  if (value < 0x1p-6f) {
    const int fraction = (int)(value * 512 + 0.5f);
    return (uint8_t)(fraction > 7 ? 7 : fraction);
  }
  // Exponent and three bits of fraction, rounded by the next one; a carry moves into the exponent.
  const uint32_t bits = float_bits(value);
  const uint32_t byte = (bits >> 20) - (120 << 3) + (bits >> 19 & 1);
  return (uint8_t)(byte < 0x78 ? byte : 0x7e);
}

// Half the value of every byte; the sign bit is not looked at.
struct HalvedUe4m3 {
  float of[256];
  constexpr HalvedUe4m3() : of() {
    for (int byte = 0; byte < 256; byte += 1) {
      const int exponent = byte >> 3 & 15;
      const int fraction = byte & 7;
      of[byte] = (float)(exponent ? (8 + fraction) << (exponent - 1) : fraction) * 0x1p-10f;
    }
    of[0x7f] = 0;
  }
};
constexpr HalvedUe4m3 HALVED_UE4M3;

}  // namespace quantaloupe::QUANTALOUPE_TARGET
