// Sums in double precision that vectors can make and that are still the same number everywhere.
//
// A sum is kept as 8 partial sums: term i goes to partial i % 8, and at the end the upper half is added to the lower
// one three times. The twin of main/engine/metrics/partial-sums.ts, which says so too.
#pragma once

#include "../simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int PARTIALS = 8;
constexpr int DOUBLES = LANES / 2;
constexpr int PARTS = PARTIALS / DOUBLES;

typedef double vdouble __attribute__((vector_size(4 * QUANTALOUPE_LANES)));
typedef int64_t vlong __attribute__((vector_size(4 * QUANTALOUPE_LANES)));
typedef float vfloat_half __attribute__((vector_size(2 * QUANTALOUPE_LANES)));

// One term or partial sum for each of the 8.
struct Partials {
  vdouble part[PARTS];
};

QUANTALOUPE_INLINE vdouble load_doubles(const double *from) {
  vdouble value;
  memcpy(&value, from, sizeof value);
  return value;
}

QUANTALOUPE_INLINE vdouble widen(const float *from) {
#if defined(QUANTALOUPE_AVX512)
  return (vdouble)_mm512_cvtps_pd(_mm256_loadu_ps(from));
#elif defined(QUANTALOUPE_AVX2)
  return (vdouble)_mm256_cvtps_pd(_mm_loadu_ps(from));
#elif defined(QUANTALOUPE_SSE2)
  return (vdouble)_mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)from)));
#else
  vfloat_half value;
  memcpy(&value, from, sizeof value);
  return __builtin_convertvector(value, vdouble);
#endif
}

// The larger one; b where a is NaN.
QUANTALOUPE_INLINE vdouble larger(vdouble a, vdouble b) {
#if defined(QUANTALOUPE_AVX512)
  return (vdouble)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(QUANTALOUPE_AVX2)
  return (vdouble)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(QUANTALOUPE_SSE2)
  return (vdouble)_mm_max_pd((__m128d)a, (__m128d)b);
#else
  return a > b ? a : b;
#endif
}

QUANTALOUPE_INLINE vdouble absolute(vdouble value) { return (vdouble)((vlong)value & INT64_MAX); }

QUANTALOUPE_INLINE Partials widen_eight(const float *from) {
  Partials values;
  for (int i = 0; i < PARTS; i += 1) values.part[i] = widen(from + i * DOUBLES);
  return values;
}

QUANTALOUPE_INLINE Partials load_eight(const double *from) {
  Partials values;
  for (int i = 0; i < PARTS; i += 1) values.part[i] = load_doubles(from + i * DOUBLES);
  return values;
}

QUANTALOUPE_INLINE void store_eight(double *to, const Partials &values) { memcpy(to, values.part, sizeof values); }

QUANTALOUPE_INLINE double total(const Partials &sums) {
  double p[PARTIALS];
  store_eight(p, sums);
  return ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]));
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
