// Codes as bytes: 16 at a time, which every target has registers for.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef int8_t integers16 __attribute__((vector_size(16)));

QUANTALOUPE_INLINE bytes16 load_bytes(const uint8_t *from) {
  bytes16 value;
  memcpy(&value, from, sizeof value);
  return value;
}

QUANTALOUPE_INLINE void store_bytes(uint8_t *to, bytes16 value) { memcpy(to, &value, sizeof value); }

// The highest bit of every byte, that of the first lowest.
QUANTALOUPE_INLINE uint32_t high_bits(bytes16 value) {
#if defined(__SSE2__)
  return (uint32_t)_mm_movemask_epi8((__m128i)value);
#else
  uint32_t bits = 0;
  for (int i = 0; i < 16; i += 1) bits |= (uint32_t)(value[i] >> 7) << i;
  return bits;
#endif
}

// The opposite of high_bits: a byte with all bits set for every bit that is.
QUANTALOUPE_INLINE bytes16 spread_bits(uint32_t bits) {
  typedef uint64_t words2 __attribute__((vector_size(16)));
  const words2 copies = {(bits & 255) * 0x0101010101010101u, (bits >> 8 & 255) * 0x0101010101010101u};
  const bytes16 places = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  return (bytes16)(((bytes16)copies & places) == places);
}

// 16 codes, each in -128 ... 127, in order.
QUANTALOUPE_INLINE bytes16 narrow(const vint (&codes)[16 / LANES]) {
#if defined(QUANTALOUPE_AVX512)
  return (bytes16)_mm512_cvtepi32_epi8((__m512i)codes[0]);
#elif defined(QUANTALOUPE_AVX2)
  const __m256i words = _mm256_packs_epi32((__m256i)codes[0], (__m256i)codes[1]);
  const __m256i ordered = _mm256_permute4x64_epi64(words, 0xd8);
  return (bytes16)_mm_packs_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
#elif defined(QUANTALOUPE_SSE2)
  const __m128i low = _mm_packs_epi32((__m128i)codes[0], (__m128i)codes[1]);
  const __m128i high = _mm_packs_epi32((__m128i)codes[2], (__m128i)codes[3]);
  return (bytes16)_mm_packs_epi16(low, high);
#elif defined(QUANTALOUPE_NEON)
  const int16x8_t low = vcombine_s16(vmovn_s32((int32x4_t)codes[0]), vmovn_s32((int32x4_t)codes[1]));
  const int16x8_t high = vcombine_s16(vmovn_s32((int32x4_t)codes[2]), vmovn_s32((int32x4_t)codes[3]));
  return (bytes16)vcombine_s8(vmovn_s16(low), vmovn_s16(high));
#else
  bytes16 bytes;
  for (int i = 0; i < 16; i += 1) bytes[i] = (uint8_t)codes[i / LANES][i % LANES];
  return bytes;
#endif
}

// 32 codes, each in -128 ... 127, in order.
QUANTALOUPE_INLINE void store_codes(uint8_t *to, const vint (&codes)[32 / LANES]) {
#if defined(QUANTALOUPE_AVX2)
  const __m256i low = _mm256_packs_epi32((__m256i)codes[0], (__m256i)codes[1]);
  const __m256i high = _mm256_packs_epi32((__m256i)codes[2], (__m256i)codes[3]);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
  _mm256_storeu_si256((__m256i *)to, bytes);
#else
  for (int half = 0; half < 2; half += 1) {
    vint part[16 / LANES];
    for (int i = 0; i < 16 / LANES; i += 1) part[i] = codes[half * (16 / LANES) + i];
    store_bytes(to + 16 * half, narrow(part));
  }
#endif
}

// The opposite of narrow: 16 signed bytes as integers.
QUANTALOUPE_INLINE void widen(bytes16 codes, vint (&integers)[16 / LANES]) {
#if defined(QUANTALOUPE_AVX512)
  integers[0] = (vint)_mm512_cvtepi8_epi32((__m128i)codes);
#elif defined(QUANTALOUPE_AVX2)
  integers[0] = (vint)_mm256_cvtepi8_epi32((__m128i)codes);
  integers[1] = (vint)_mm256_cvtepi8_epi32(_mm_unpackhi_epi64((__m128i)codes, (__m128i)codes));
#elif defined(QUANTALOUPE_SSE2)
  // Each byte four times, of which the shift keeps the highest with its sign.
  const __m128i low = _mm_unpacklo_epi8((__m128i)codes, (__m128i)codes);
  const __m128i high = _mm_unpackhi_epi8((__m128i)codes, (__m128i)codes);
  integers[0] = (vint)_mm_srai_epi32(_mm_unpacklo_epi16(low, low), 24);
  integers[1] = (vint)_mm_srai_epi32(_mm_unpackhi_epi16(low, low), 24);
  integers[2] = (vint)_mm_srai_epi32(_mm_unpacklo_epi16(high, high), 24);
  integers[3] = (vint)_mm_srai_epi32(_mm_unpackhi_epi16(high, high), 24);
#elif defined(QUANTALOUPE_NEON)
  const int16x8_t low = vmovl_s8(vget_low_s8((int8x16_t)codes));
  const int16x8_t high = vmovl_s8(vget_high_s8((int8x16_t)codes));
  integers[0] = (vint)vmovl_s16(vget_low_s16(low));
  integers[1] = (vint)vmovl_s16(vget_high_s16(low));
  integers[2] = (vint)vmovl_s16(vget_low_s16(high));
  integers[3] = (vint)vmovl_s16(vget_high_s16(high));
#else
  for (int i = 0; i < 16; i += 1) integers[i / LANES][i % LANES] = (int8_t)codes[i];
#endif
}

// table[index] of 16 entries, index 0 ... 15, in every byte.
QUANTALOUPE_INLINE bytes16 lookup(bytes16 table, bytes16 index) {
#if defined(__SSSE3__)
  return (bytes16)_mm_shuffle_epi8((__m128i)table, (__m128i)index);
#elif defined(QUANTALOUPE_NEON)
  return (bytes16)vqtbl1q_u8((uint8x16_t)table, (uint8x16_t)index);
#else
  // From entry to entry the steps that the index reaches: fewer instructions than byte after byte.
  bytes16 value = table[0] - bytes16{};
  for (int k = 1; k < 16; k += 1) {
    const uint8_t step = (uint8_t)(table[k] - table[k - 1]);
    value += (bytes16)((integers16)index > (int8_t)(k - 1)) & step;
  }
  return value;
#endif
}

// 16 bytes as integers 0 ... 255.
QUANTALOUPE_INLINE void widen_unsigned(bytes16 codes, vint (&integers)[16 / LANES]) {
#if defined(QUANTALOUPE_AVX512)
  integers[0] = (vint)_mm512_cvtepu8_epi32((__m128i)codes);
#elif defined(QUANTALOUPE_AVX2)
  integers[0] = (vint)_mm256_cvtepu8_epi32((__m128i)codes);
  integers[1] = (vint)_mm256_cvtepu8_epi32(_mm_unpackhi_epi64((__m128i)codes, (__m128i)codes));
#elif defined(QUANTALOUPE_SSE2)
  const __m128i zero = _mm_setzero_si128();
  const __m128i low = _mm_unpacklo_epi8((__m128i)codes, zero);
  const __m128i high = _mm_unpackhi_epi8((__m128i)codes, zero);
  integers[0] = (vint)_mm_unpacklo_epi16(low, zero);
  integers[1] = (vint)_mm_unpackhi_epi16(low, zero);
  integers[2] = (vint)_mm_unpacklo_epi16(high, zero);
  integers[3] = (vint)_mm_unpackhi_epi16(high, zero);
#elif defined(QUANTALOUPE_NEON)
  const uint16x8_t low = vmovl_u8(vget_low_u8((uint8x16_t)codes));
  const uint16x8_t high = vmovl_u8(vget_high_u8((uint8x16_t)codes));
  integers[0] = (vint)vmovl_u16(vget_low_u16(low));
  integers[1] = (vint)vmovl_u16(vget_high_u16(low));
  integers[2] = (vint)vmovl_u16(vget_low_u16(high));
  integers[3] = (vint)vmovl_u16(vget_high_u16(high));
#else
  for (int i = 0; i < 16; i += 1) integers[i / LANES][i % LANES] = codes[i];
#endif
}

// Decodes 16 codes to out[i] = scale * code + low.
QUANTALOUPE_INLINE void store_affine(float *out, float scale, float low, bytes16 codes) {
  vint integers[16 / LANES];
  widen_unsigned(codes, integers);
  for (int i = 0; i < 16 / LANES; i += 1) store(out + LANES * i, scale * to_float(integers[i]) + low);
}

// Decodes 16 signed codes to out[i] = scale * code.
QUANTALOUPE_INLINE void store_scaled(float *out, float scale, bytes16 codes) {
  vint integers[16 / LANES];
  widen(codes, integers);
  for (int i = 0; i < 16 / LANES; i += 1) store(out + LANES * i, scale * to_float(integers[i]));
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
