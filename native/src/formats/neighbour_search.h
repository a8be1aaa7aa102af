// The best neighbour of a group of weights whose rounded codes are no grid point: LANES neighbours at a time.
//
// The distance of a neighbour is a sum over the dimensions of (w * difference) * difference, in order. Each
// term depends on one code only, so the terms are computed once per group and looked up for every neighbour;
// the sums are the same single-precision sums as those of ggml-quants.c: iq2_find_best_neighbour,
// iq3_find_best_neighbour, iq1_find_best_neighbour2.
#pragma once

#include "grids.h"
#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

typedef float vfloat8 __attribute__((vector_size(32)));

QUANTALOUPE_INLINE vfloat8 load8(const float *from) {
  vfloat8 value;
  memcpy(&value, from, sizeof value);
  return value;
}

// table[index & 3] per lane.
QUANTALOUPE_INLINE vfloat lookup4(const float *table, vint index) {
#if defined(QUANTALOUPE_AVX512)
  return (vfloat)_mm512_permutevar_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(table)), (__m512i)index);
#elif defined(QUANTALOUPE_AVX2)
  return (vfloat)_mm256_permutevar_ps(_mm256_broadcast_ps((const __m128 *)table), (__m256i)index);
#elif defined(QUANTALOUPE_NEON)
  const uint8x16_t bytes = vreinterpretq_u8_s32((int32x4_t)((index & 3) * 0x04040404 + 0x03020100));
  return (vfloat)vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(vld1q_f32(table)), bytes));
#else
  const vint low = index << 31 >> 31;
  const vint high = index << 30 >> 31;
  const vfloat upper = select(low, splat(table[3]), splat(table[2]));
  return select(high, upper, select(low, splat(table[1]), splat(table[0])));
#endif
}

// table[index & 7] per lane.
QUANTALOUPE_INLINE vfloat lookup8(const float *table, vint index) {
#if defined(QUANTALOUPE_AVX512)
  const __m512 twice = _mm512_maskz_broadcast_f32x8(0xffff, _mm256_loadu_ps(table));
  return (vfloat)_mm512_maskz_permutexvar_ps(0xffff, (__m512i)index, twice);
#elif defined(QUANTALOUPE_AVX2)
  return (vfloat)_mm256_permutevar8x32_ps(_mm256_loadu_ps(table), (__m256i)index);
#elif defined(QUANTALOUPE_NEON)
  const uint8x16_t first = vreinterpretq_u8_f32(vld1q_f32(table));
  const uint8x16x2_t both = {{first, vreinterpretq_u8_f32(vld1q_f32(table + 4))}};
  const uint8x16_t bytes = vreinterpretq_u8_s32((int32x4_t)((index & 7) * 0x04040404 + 0x03020100));
  return (vfloat)vreinterpretq_f32_u8(vqtbl2q_u8(both, bytes));
#else
  return gather(table, index & 7);
#endif
}

QUANTALOUPE_INLINE float smallest_lane(vfloat values) {
#if defined(QUANTALOUPE_AVX2)
  const __m128 upper = _mm256_extractf128_ps((__m256)values, 1);
  __m128 half = _mm_min_ps(_mm256_castps256_ps128((__m256)values), upper);
  half = _mm_min_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_min_ss(half, _mm_movehdup_ps(half)));
#else
  for (int step = 1; step < LANES; step *= 2) {
    values = minimum(__builtin_shufflevector(values, values, QUANTALOUPE_ZIP_LOW),
                     __builtin_shufflevector(values, values, QUANTALOUPE_ZIP_HIGH));
  }
  return values[0];
#endif
}

QUANTALOUPE_INLINE int32_t smallest_lane(vint values) {
#if defined(QUANTALOUPE_AVX2)
  const __m128i upper = _mm256_extracti128_si256((__m256i)values, 1);
  __m128i half = _mm_min_epi32(_mm256_castsi256_si128((__m256i)values), upper);
  half = _mm_min_epi32(half, _mm_unpackhi_epi64(half, half));
  return _mm_cvtsi128_si32(_mm_min_epi32(half, _mm_shuffle_epi32(half, 1)));
#else
  for (int step = 1; step < LANES; step *= 2) {
    values = minimum(__builtin_shufflevector(values, values, QUANTALOUPE_ZIP_LOW),
                     __builtin_shufflevector(values, values, QUANTALOUPE_ZIP_HIGH));
  }
  return values[0];
#endif
}

// A neighbour, and whether every other one is farther by more than a margin.
struct BestNeighbour {
  uint32_t packed;
  bool clear;
};

// The first of the smallest distances of a list. Where no distance is below FLT_MAX (ggml ends the process
// then), the first neighbour. `distance(words)` gives the distances of LANES neighbours by their packed
// codes.
template <typename Distance>
QUANTALOUPE_INLINE BestNeighbour first_nearest(const Grid &grid, uint32_t packed, float margin,
                                               Distance distance) {
  const NeighbourList list = grid.lists[packed];
  const int32_t *words = (const int32_t *)grid.neighbours + list.start;
  vfloat best = splat(3.40282347e+38f);
  vfloat second = best;
  vint best_words = splat(words[0]);
  for (uint32_t at = 0; at < list.count; at += LANES) {
    const vint candidates = load(words + at);
    const vfloat distances = distance(candidates);
    const vint closer = distances < best;
    second = minimum(maximum(distances, best), second);
    best = minimum(distances, best);
    best_words = select(closer, candidates, best_words);
  }
  // Words ascend along the list: of equal distances, the lowest word is the first.
  const float smallest = smallest_lane(best);
  const int32_t word = smallest_lane(select(best == smallest, best_words, splat(INT32_MAX)));
  // The words that fill up a list repeat its first one, no lane has it twice.
  const vfloat others = select(best_words == word, second, best);
  return {(uint32_t)word & 0xffff, !any(others <= smallest + margin)};
}

// The best neighbour of packed codes that are no point, in a grid of 8 dimensions.
//
// values, weights: f32[8]; levels[l] is what code l stands for, times the scale, in single precision.
QUANTALOUPE_INLINE BestNeighbour clear_neighbour(const Grid &grid, uint32_t packed, const float *values,
                                                 const float *weights, const float (&levels)[3],
                                                 float margin) {
  const vfloat8 x = load8(values);
  const vfloat8 w = load8(weights);
  const vfloat8 d0 = levels[0] - x;
  const vfloat8 d1 = levels[1] - x;
  const vfloat8 d2 = levels[2] - x;
  const vfloat8 t0 = (w * d0) * d0;
  const vfloat8 t1 = (w * d1) * d1;
  const vfloat8 t2 = (w * d2) * d2;
  // terms[i][l]: dimension i, code l (a code of 3 never occurs).
  alignas(32) float terms[8][4];
  const vfloat8 a = __builtin_shufflevector(t0, t1, 0, 8, 1, 9, 4, 12, 5, 13);
  const vfloat8 b = __builtin_shufflevector(t0, t1, 2, 10, 3, 11, 6, 14, 7, 15);
  const vfloat8 rows[4] = {__builtin_shufflevector(a, t2, 0, 1, 8, 8, 2, 3, 9, 9),
                           __builtin_shufflevector(b, t2, 0, 1, 10, 10, 2, 3, 11, 11),
                           __builtin_shufflevector(a, t2, 4, 5, 12, 12, 6, 7, 13, 13),
                           __builtin_shufflevector(b, t2, 4, 5, 14, 14, 6, 7, 15, 15)};
  memcpy(terms, rows, sizeof terms);
  return first_nearest(grid, packed, margin, [&terms](vint words) __attribute__((always_inline)) {
    vfloat sum = lookup4(terms[0], words);
    for (int i = 1; i < 8; i += 1) sum += lookup4(terms[i], words >> (2 * i));
    return sum;
  });
}

// Packed codes of the best neighbour alone.
QUANTALOUPE_INLINE uint32_t nearest_neighbour(const Grid &grid, uint32_t packed, const float *values,
                                              const float *weights, float level0, float level1,
                                              float level2) {
  const float levels[3] = {level0, level1, level2};
  return clear_neighbour(grid, packed, values, weights, levels, 0).packed;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
