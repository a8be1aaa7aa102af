// Vectors of one instruction set: LANES floats or 32-bit integers, on which every lane computes by itself.
//
// Arithmetic operators act lane by lane and round like the scalar operation. Comparisons give masks: all bits set
// in the lanes where they hold. Everything lies in the namespace of the target that is being compiled, so that no
// instruction of one target can be linked into the code of another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef QUANTALOUPE_TARGET
#error "QUANTALOUPE_TARGET names the instruction set that is compiled"
#endif

namespace quantaloupe::QUANTALOUPE_TARGET {

// As many lanes as the machine's vectors hold, unless the build asks for another number: results are the same.
#if defined(QUANTALOUPE_LANES)
#elif defined(__AVX512F__)
#define QUANTALOUPE_LANES 16
#elif defined(__AVX2__)
#define QUANTALOUPE_LANES 8
#else
#define QUANTALOUPE_LANES 4
#endif

// The instruction sets whose own vectors are as long as ours; others go lane by lane where C++ has no operator.
#if defined(__AVX512F__) && QUANTALOUPE_LANES == 16
#define QUANTALOUPE_AVX512 1
#elif defined(__AVX2__) && QUANTALOUPE_LANES == 8
#define QUANTALOUPE_AVX2 1
#elif defined(__SSE2__) && QUANTALOUPE_LANES == 4
#define QUANTALOUPE_SSE2 1
#elif defined(__aarch64__) && QUANTALOUPE_LANES == 4
#define QUANTALOUPE_NEON 1
#endif

constexpr int LANES = QUANTALOUPE_LANES;

typedef float vfloat __attribute__((vector_size(4 * QUANTALOUPE_LANES)));
typedef int32_t vint __attribute__((vector_size(4 * QUANTALOUPE_LANES)));
typedef uint32_t vuint __attribute__((vector_size(4 * QUANTALOUPE_LANES)));

#define QUANTALOUPE_INLINE static inline __attribute__((always_inline, unused))

QUANTALOUPE_INLINE vfloat splat(float value) { return value - vfloat{}; }
QUANTALOUPE_INLINE vint splat(int32_t value) { return value - vint{}; }

QUANTALOUPE_INLINE vfloat load(const float *from) {
  vfloat value;
  memcpy(&value, from, sizeof value);
  return value;
}

QUANTALOUPE_INLINE vint load(const int32_t *from) {
  vint value;
  memcpy(&value, from, sizeof value);
  return value;
}

QUANTALOUPE_INLINE void store(float *to, vfloat value) { memcpy(to, &value, sizeof value); }
QUANTALOUPE_INLINE void store(int32_t *to, vint value) { memcpy(to, &value, sizeof value); }

// The same bits as another type.
QUANTALOUPE_INLINE vint bits_of(vfloat value) { return (vint)value; }
QUANTALOUPE_INLINE vfloat float_of(vint bits) { return (vfloat)bits; }

QUANTALOUPE_INLINE vfloat to_float(vint value) { return __builtin_convertvector(value, vfloat); }
// Towards zero; lanes out of range or NaN hold what the machine gives and must not matter.
QUANTALOUPE_INLINE vint to_int(vfloat value) { return __builtin_convertvector(value, vint); }

// Lane by lane mask ? yes : no; a mask has all bits of a lane or none.
QUANTALOUPE_INLINE vint select(vint mask, vint yes, vint no) {
#if defined(QUANTALOUPE_AVX2)
  return (vint)_mm256_blendv_epi8((__m256i)no, (__m256i)yes, (__m256i)mask);
#elif defined(QUANTALOUPE_SSE2)
  return (mask & yes) | (~mask & no);
#else
  return mask ? yes : no;
#endif
}

QUANTALOUPE_INLINE vfloat select(vint mask, vfloat yes, vfloat no) {
#if defined(QUANTALOUPE_AVX2)
  return (vfloat)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)mask);
#elif defined(QUANTALOUPE_SSE2)
  return float_of(select(mask, bits_of(yes), bits_of(no)));
#else
  return mask ? yes : no;
#endif
}

// As the C expression `a < b ? a : b`: b where one is NaN or both are zeros. So are the machine's instructions,
// which the compiler does not find by itself where one side is a constant. (The forms with a mask of all lanes are
// the plain instructions; GCC 12 warns of the others' undefined operand.)
QUANTALOUPE_INLINE vfloat minimum(vfloat a, vfloat b) {
#if defined(QUANTALOUPE_AVX512)
  return (vfloat)_mm512_maskz_min_ps(0xffff, (__m512)a, (__m512)b);
#elif defined(QUANTALOUPE_AVX2)
  return (vfloat)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(QUANTALOUPE_SSE2)
  return (vfloat)_mm_min_ps((__m128)a, (__m128)b);
#else
  return a < b ? a : b;
#endif
}

QUANTALOUPE_INLINE vfloat maximum(vfloat a, vfloat b) {
#if defined(QUANTALOUPE_AVX512)
  return (vfloat)_mm512_maskz_max_ps(0xffff, (__m512)a, (__m512)b);
#elif defined(QUANTALOUPE_AVX2)
  return (vfloat)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(QUANTALOUPE_SSE2)
  return (vfloat)_mm_max_ps((__m128)a, (__m128)b);
#else
  return a > b ? a : b;
#endif
}

QUANTALOUPE_INLINE vint minimum(vint a, vint b) { return a < b ? a : b; }
QUANTALOUPE_INLINE vint maximum(vint a, vint b) { return a > b ? a : b; }

QUANTALOUPE_INLINE vfloat magnitude(vfloat value) { return float_of(bits_of(value) & 0x7fffffff); }

QUANTALOUPE_INLINE vfloat square_root(vfloat value) {
#if defined(QUANTALOUPE_AVX512)
  return (vfloat)_mm512_maskz_sqrt_ps(0xffff, (__m512)value);
#elif defined(QUANTALOUPE_AVX2)
  return (vfloat)_mm256_sqrt_ps((__m256)value);
#elif defined(QUANTALOUPE_SSE2)
  return (vfloat)_mm_sqrt_ps((__m128)value);
#elif defined(QUANTALOUPE_NEON)
  return (vfloat)vsqrtq_f32((float32x4_t)value);
#else
  for (int lane = 0; lane < LANES; lane += 1) value[lane] = __builtin_sqrtf(value[lane]);
  return value;
#endif
}

// Nearest integers, ties to even; right up to +-2^22.
QUANTALOUPE_INLINE vfloat nearest_whole(vfloat value) {
#if defined(QUANTALOUPE_AVX512)
  return (vfloat)_mm512_maskz_roundscale_ps(0xffff, (__m512)value, _MM_FROUND_TO_NEAREST_INT);
#elif defined(QUANTALOUPE_AVX2)
  return (vfloat)_mm256_round_ps((__m256)value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  return (value + 12582912.f) - 12582912.f;
#endif
}

// One bit per lane of a mask, lane 0 lowest.
QUANTALOUPE_INLINE uint32_t mask_bits(vint mask) {
#if defined(QUANTALOUPE_AVX512)
  return _mm512_movepi32_mask((__m512i)mask);
#elif defined(QUANTALOUPE_AVX2)
  return (uint32_t)_mm256_movemask_ps((__m256)mask);
#elif defined(QUANTALOUPE_SSE2)
  return (uint32_t)_mm_movemask_ps((__m128)mask);
#elif defined(QUANTALOUPE_NEON)
  const uint32x4_t weights = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32((uint32x4_t)mask, weights));
#else
  uint32_t bits = 0;
  for (int lane = 0; lane < LANES; lane += 1) bits |= (uint32_t)(mask[lane] & 1) << lane;
  return bits;
#endif
}

QUANTALOUPE_INLINE bool any(vint mask) { return mask_bits(mask) != 0; }

// table[index] per lane.
QUANTALOUPE_INLINE vfloat gather(const float *table, vint index) {
#if defined(QUANTALOUPE_AVX512)
  return (vfloat)_mm512_i32gather_ps((__m512i)index, table, 4);
#elif defined(QUANTALOUPE_AVX2)
  return (vfloat)_mm256_i32gather_ps(table, (__m256i)index, 4);
#else
  vfloat values;
  for (int lane = 0; lane < LANES; lane += 1) values[lane] = table[index[lane]];
  return values;
#endif
}

QUANTALOUPE_INLINE vint gather(const int32_t *table, vint index) {
#if defined(QUANTALOUPE_AVX512)
  return (vint)_mm512_i32gather_epi32((__m512i)index, table, 4);
#elif defined(QUANTALOUPE_AVX2)
  return (vint)_mm256_i32gather_epi32(table, (__m256i)index, 4);
#else
  vint values;
  for (int lane = 0; lane < LANES; lane += 1) values[lane] = table[index[lane]];
  return values;
#endif
}

// Nearest integer, ties to even, by adding 1.5 * 2^23 and reading the fraction bits. Outside +-(2^22 - 1) the bits
// mean nothing but are the same as in ggml (nearest_int) and in main/engine/quantizers/rounding.ts.
QUANTALOUPE_INLINE int32_t nearest_int(float value) {
  const float shifted = value + 12582912.f;
  int32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  return (bits & 0x007fffff) - 0x00400000;
}

QUANTALOUPE_INLINE vint nearest_int(vfloat value) {
  return (bits_of(value + 12582912.f) & 0x007fffff) - 0x00400000;
}

// The low and the high halves of a and b, lanes taken in turns: a0 b0 a1 b1 ...
#if QUANTALOUPE_LANES == 16
#define QUANTALOUPE_ZIP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define QUANTALOUPE_ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif QUANTALOUPE_LANES == 8
#define QUANTALOUPE_ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define QUANTALOUPE_ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define QUANTALOUPE_ZIP_LOW 0, 4, 1, 5
#define QUANTALOUPE_ZIP_HIGH 2, 6, 3, 7
#endif

// Transposes a square of LANES vectors in place.
template <typename V>
QUANTALOUPE_INLINE void transpose(V (&square)[LANES]) {
  V other[LANES];
#if QUANTALOUPE_LANES == 8
  // Most steps stay within the halves of a vector, where a machine with such vectors needs one instruction.
  for (int i = 0; i < 8; i += 2) {
    other[i] = __builtin_shufflevector(square[i], square[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    other[i + 1] = __builtin_shufflevector(square[i], square[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int j = 0; j < 2; j += 1) {
      const V even = other[i + j];
      const V odd = other[i + j + 2];
      square[i + 2 * j] = __builtin_shufflevector(even, odd, 0, 1, 8, 9, 4, 5, 12, 13);
      square[i + 2 * j + 1] = __builtin_shufflevector(even, odd, 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int i = 0; i < 4; i += 1) {
    const V low = __builtin_shufflevector(square[i], square[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    square[i + 4] = __builtin_shufflevector(square[i], square[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    square[i] = low;
  }
#else
  for (int step = 1; step < LANES; step *= 2) {
    for (int i = 0; i < LANES / 2; i += 1) {
      other[2 * i] = __builtin_shufflevector(square[i], square[i + LANES / 2], QUANTALOUPE_ZIP_LOW);
      other[2 * i + 1] = __builtin_shufflevector(square[i], square[i + LANES / 2], QUANTALOUPE_ZIP_HIGH);
    }
    for (int i = 0; i < LANES; i += 1) square[i] = other[i];
  }
#endif
}

// Reads COUNT values of each of LANES blocks, so that columns[i] holds value i of every block.
// COUNT must be a multiple of LANES.
template <int COUNT>
QUANTALOUPE_INLINE void load_columns(const float *const (&blocks)[LANES], vfloat (&columns)[COUNT]) {
  static_assert(COUNT % LANES == 0, "whole squares");
  for (int at = 0; at < COUNT; at += LANES) {
    vfloat square[LANES];
    for (int lane = 0; lane < LANES; lane += 1) square[lane] = load(blocks[lane] + at);
    transpose(square);
    for (int i = 0; i < LANES; i += 1) columns[at + i] = square[i];
  }
}

// The opposite of load_columns, for codes: codes[lane][i] is lane `lane` of columns[i].
template <int COUNT>
QUANTALOUPE_INLINE void store_columns(const vint (&columns)[COUNT], int32_t (&codes)[LANES][COUNT]) {
  static_assert(COUNT % LANES == 0, "whole squares");
  for (int at = 0; at < COUNT; at += LANES) {
    vint square[LANES];
    for (int i = 0; i < LANES; i += 1) square[i] = columns[at + i];
    transpose(square);
    for (int lane = 0; lane < LANES; lane += 1) store(&codes[lane][at], square[lane]);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
