// Vectors of DOUBLES doubles or 64-bit integers: half as many lanes as those of simd.h, in whose style they are.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int DOUBLES = LANES / 2;

typedef double vdouble __attribute__((vector_size(4 * QUANTALOUPE_LANES)));
typedef int64_t vlong __attribute__((vector_size(4 * QUANTALOUPE_LANES)));
typedef float vfloat_half __attribute__((vector_size(2 * QUANTALOUPE_LANES)));
typedef int32_t vint_half __attribute__((vector_size(2 * QUANTALOUPE_LANES)));

QUANTALOUPE_INLINE vdouble splat(double value) { return value - vdouble{}; }
QUANTALOUPE_INLINE vlong splat(int64_t value) { return value - vlong{}; }

QUANTALOUPE_INLINE vdouble load(const double *from) {
  vdouble value;
  memcpy(&value, from, sizeof value);
  return value;
}

// DOUBLES floats, widened.
QUANTALOUPE_INLINE vdouble load_widened(const float *from) {
  vfloat_half value;
  memcpy(&value, from, sizeof value);
  return __builtin_convertvector(value, vdouble);
}

// All floats of a vector, widened: the lower lanes first.
QUANTALOUPE_INLINE void widen(vfloat value, vdouble (&halves)[2]) {
  vfloat_half parts[2];
  memcpy(parts, &value, sizeof parts);
  for (int half = 0; half < 2; half += 1) halves[half] = __builtin_convertvector(parts[half], vdouble);
}

QUANTALOUPE_INLINE void store(double *to, vdouble value) { memcpy(to, &value, sizeof value); }

// The same bits as another type.
QUANTALOUPE_INLINE vlong bits_of(vdouble value) { return (vlong)value; }
QUANTALOUPE_INLINE vdouble double_of(vlong bits) { return (vdouble)bits; }
QUANTALOUPE_INLINE vint_half bits_of(vfloat_half value) { return (vint_half)value; }

// Lane by lane mask ? yes : no; a mask has all bits of a lane or none.
QUANTALOUPE_INLINE vdouble select(vlong mask, vdouble yes, vdouble no) {
#if defined(QUANTALOUPE_AVX2)
  return (vdouble)_mm256_blendv_pd((__m256d)no, (__m256d)yes, (__m256d)mask);
#elif defined(QUANTALOUPE_SSE2)
  return double_of((mask & bits_of(yes)) | (~mask & bits_of(no)));
#else
  return mask ? yes : no;
#endif
}

QUANTALOUPE_INLINE vlong select(vlong mask, vlong yes, vlong no) {
  return bits_of(select(mask, double_of(yes), double_of(no)));
}

// As the C expression `a < b ? a : b`, like that of floats.
QUANTALOUPE_INLINE vdouble minimum(vdouble a, vdouble b) {
#if defined(QUANTALOUPE_AVX512)
  return (vdouble)_mm512_maskz_min_pd(0xff, (__m512d)a, (__m512d)b);
#elif defined(QUANTALOUPE_AVX2)
  return (vdouble)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif defined(QUANTALOUPE_SSE2)
  return (vdouble)_mm_min_pd((__m128d)a, (__m128d)b);
#else
  return a < b ? a : b;
#endif
}

QUANTALOUPE_INLINE vdouble maximum(vdouble a, vdouble b) {
#if defined(QUANTALOUPE_AVX512)
  return (vdouble)_mm512_maskz_max_pd(0xff, (__m512d)a, (__m512d)b);
#elif defined(QUANTALOUPE_AVX2)
  return (vdouble)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(QUANTALOUPE_SSE2)
  return (vdouble)_mm_max_pd((__m128d)a, (__m128d)b);
#else
  return a > b ? a : b;
#endif
}

QUANTALOUPE_INLINE vdouble magnitude(vdouble value) { return double_of(bits_of(value) & 0x7fffffffffffffff); }

// Nearest integer as a double, ties to even, by adding 1.5 * 2^52; right up to +-2^51.
QUANTALOUPE_INLINE vdouble nearest_whole(vdouble value) {
  return (value + 6755399441055744.0) - 6755399441055744.0;
}

// One bit per lane of a mask, lane 0 lowest.
QUANTALOUPE_INLINE uint32_t mask_bits(vlong mask) {
#if defined(QUANTALOUPE_AVX512)
  return _mm512_movepi64_mask((__m512i)mask);
#elif defined(QUANTALOUPE_AVX2)
  return (uint32_t)_mm256_movemask_pd((__m256d)mask);
#elif defined(QUANTALOUPE_SSE2)
  return (uint32_t)_mm_movemask_pd((__m128d)mask);
#else
  uint32_t bits = 0;
  for (int lane = 0; lane < DOUBLES; lane += 1) bits |= (uint32_t)(mask[lane] & 1) << lane;
  return bits;
#endif
}

QUANTALOUPE_INLINE bool any(vlong mask) { return mask_bits(mask) != 0; }

// table[index] per lane; the lanes of `index` are places in the table.
QUANTALOUPE_INLINE vdouble gather(const double *table, vlong index) {
#if defined(QUANTALOUPE_AVX512)
  return (vdouble)_mm512_i64gather_pd((__m512i)index, table, 8);
#elif defined(QUANTALOUPE_AVX2)
  return (vdouble)_mm256_i64gather_pd(table, (__m256i)index, 8);
#else
  vdouble values;
  for (int lane = 0; lane < DOUBLES; lane += 1) values[lane] = table[index[lane]];
  return values;
#endif
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
