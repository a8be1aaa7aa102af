// The 12 bytes of 6-bit scales and minima of Q4_K and Q5_K; layout and twin:
// main/engine/quantizers/k-scales.ts.
#pragma once

#include "bytes.h"
#include "k_affine.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// What Q4_K and Q5_K have in common.
struct SixBitScales {
  static constexpr int COUNT = 32;
  static constexpr int MAX_SCALE = 63;
  static constexpr bool ABSOLUTE = false;
  static constexpr float VARIANCE = 2.f;
  static constexpr bool LIMITS_PLAIN = true;

  // Root mean square plus magnitude.
  QUANTALOUPE_INLINE void plain_weights(const vfloat (&values)[COUNT], vfloat (&weights)[COUNT]) {
    vfloat sum = {};
    for (int i = 0; i < COUNT; i += 1) sum += values[i] * values[i];
    const vfloat average = square_root(sum / (float)COUNT);
    for (int i = 0; i < COUNT; i += 1) weights[i] = average + magnitude(values[i]);
  }

  // Codes above 63 lose their upper bits as in ggml's bytes.
  template <typename Format, int WORDS>
  QUANTALOUPE_INLINE void pack_scales(ScaleCodes<Format> &codes, vint (&words)[WORDS]) {
    vint bytes[12];
    vint(&scales)[8] = codes.scales;
    vint(&minima)[8] = codes.minima;
    for (int j = 0; j < 4; j += 1) {
      bytes[j] = as_byte(scales[j] | scales[j + 4] >> 4 << 6);
      bytes[j + 4] = as_byte(minima[j] | minima[j + 4] >> 4 << 6);
      bytes[j + 8] = (scales[j + 4] & 15) | (minima[j + 4] & 15) << 4;
    }
    words[0] = codes.d | codes.dmin << 16;
    for (int k = 0; k < 3; k += 1) {
      words[1 + k] = word_of(bytes[4 * k], bytes[4 * k + 1], bytes[4 * k + 2], bytes[4 * k + 3]);
    }
    for (int j = 0; j < 4; j += 1) {
      scales[j] = bytes[j] & 63;
      minima[j] = bytes[j + 4] & 63;
      scales[j + 4] = (bytes[j + 8] & 15) | bytes[j] >> 6 << 4;
      minima[j + 4] = bytes[j + 8] >> 4 | bytes[j + 4] >> 6 << 4;
    }
  }
};

// Scales and low ends of the eight sub-blocks of a block: weight = scale * code + low. Four codes at a time,
// one in every byte of a word.
QUANTALOUPE_INLINE void read_sub_blocks(const uint8_t *block, float (&scale)[8], float (&low)[8]) {
  uint32_t words[3];
  memcpy(words, block + 4, sizeof words);
  typedef uint32_t words4 __attribute__((vector_size(16)));
  const words4 codes = {
      words[0] & 0x3f3f3f3fu,
      (words[2] & 0x0f0f0f0fu) | (words[0] >> 2 & 0x30303030u),
      words[1] & 0x3f3f3f3fu,
      (words[2] >> 4 & 0x0f0f0f0fu) | (words[1] >> 2 & 0x30303030u),
  };
  vint integers[16 / LANES];
  widen_unsigned((bytes16)codes, integers);
  float values[16];
  for (int i = 0; i < 16 / LANES; i += 1) store(values + LANES * i, to_float(integers[i]));
  const float d = half_to_float(load_half(block));
  const float dmin = -half_to_float(load_half(block + 2));
  for (int j = 0; j < 8; j += 1) {
    scale[j] = d * values[j];
    low[j] = dmin * values[j + 8];
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
