// Plain floating point: F32, F16 and BF16, whose twin is main/engine/quantizers/float.ts, and the decoders of
// F64, F8_E4M3 and F8_E5M2, whose twin is main/engine/quantizers/source-floats.ts.
#include "bytes.h"
#include "half.h"
#include "kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int STEP = 16;
constexpr int VECTORS = STEP / LANES;

// Converts `count` values of IN bytes to values of OUT bytes, 16 at a time.
template <int IN, int OUT, typename Convert>
QUANTALOUPE_INLINE void convert(const uint8_t *in, size_t count, uint8_t *out, Convert convert_16) {
  for (; count >= STEP; count -= STEP, in += STEP * IN, out += STEP * OUT) convert_16(in, out);
  if (count == 0) return;
  uint8_t rest[STEP * IN] = {};
  uint8_t converted[STEP * OUT];
  memcpy(rest, in, count * IN);
  convert_16(rest, converted);
  memcpy(out, converted, count * OUT);
}

template <int OUT, typename Encode>
QUANTALOUPE_INLINE void encode(const Rows &rows, Encode encode_vector) {
  convert<4, OUT>((const uint8_t *)rows.weights, rows.rows * rows.row_length, rows.out, encode_vector);
}

template <int IN, typename Decode>
QUANTALOUPE_INLINE void decode(const uint8_t *bytes, size_t count, float *out, Decode decode_16) {
  convert<IN, 4>(bytes, count, (uint8_t *)out, [=](const uint8_t *from, uint8_t *to) {
    decode_16(from, (float *)to);
  });
}

// 16 words of 16 bits as integers without sign.
QUANTALOUPE_INLINE void load_words(const uint8_t *from, vint (&words)[VECTORS]) {
#if defined(QUANTALOUPE_SSE2)
  for (int i = 0; i < 2; i += 1) {
    const __m128i halves = _mm_loadu_si128((const __m128i *)from + i);
    words[2 * i] = (vint)_mm_unpacklo_epi16(halves, __m128i{});
    words[2 * i + 1] = (vint)_mm_unpackhi_epi16(halves, __m128i{});
  }
#else
  for (int i = 0; i < VECTORS; i += 1) {
    typedef uint16_t Words __attribute__((vector_size(2 * LANES)));
    Words halves;
    memcpy(&halves, from + 2 * LANES * i, sizeof halves);
    words[i] = __builtin_convertvector(halves, vint);
  }
#endif
}

// The low 16 bits of 16 integers.
QUANTALOUPE_INLINE void store_words(uint8_t *to, const vint (&words)[VECTORS]) {
#if defined(QUANTALOUPE_AVX512)
  _mm256_storeu_si256((__m256i *)to, _mm512_cvtepi32_epi16((__m512i)words[0]));
#elif defined(QUANTALOUPE_AVX2)
  const __m256i mask = _mm256_set1_epi32(0xffff);
  const __m256i low = _mm256_and_si256((__m256i)words[0], mask);
  const __m256i high = _mm256_and_si256((__m256i)words[1], mask);
  _mm256_storeu_si256((__m256i *)to, _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xd8));
#elif defined(QUANTALOUPE_SSE2)
  for (int i = 0; i < 2; i += 1) {
    // The only narrowing there is takes signed integers.
    const __m128i low = _mm_srai_epi32(_mm_slli_epi32((__m128i)words[2 * i], 16), 16);
    const __m128i high = _mm_srai_epi32(_mm_slli_epi32((__m128i)words[2 * i + 1], 16), 16);
    _mm_storeu_si128((__m128i *)to + i, _mm_packs_epi32(low, high));
  }
#else
  for (int i = 0; i < VECTORS; i += 1) {
    typedef uint16_t Words __attribute__((vector_size(2 * LANES)));
    const Words halves = __builtin_convertvector(words[i], Words);
    memcpy(to + 2 * LANES * i, &halves, sizeof halves);
  }
#endif
}

// Vector by vector: some processors take ten times as long for the copy of the C library (`rep movsb`) when source and
// target lie unluckily to each other.
void dequantize_f32(const uint8_t *bytes, size_t count, float *out) {
  decode<4>(bytes, count, out, [](const uint8_t *from, float *to) {
    for (int i = 0; i < VECTORS; i += 1) store(to + LANES * i, load((const float *)from + LANES * i));
  });
}

void quantize_f32(const Rows &rows) {
  dequantize_f32((const uint8_t *)rows.weights, rows.rows * rows.row_length, (float *)rows.out);
}

void quantize_f16(const Rows &rows) {
  encode<2>(rows, [](const uint8_t *from, uint8_t *to) {
    vint words[VECTORS];
    for (int i = 0; i < VECTORS; i += 1) words[i] = float_to_half(load((const float *)from + LANES * i));
    store_words(to, words);
  });
}

void dequantize_f16(const uint8_t *bytes, size_t count, float *out) {
  decode<2>(bytes, count, out, [](const uint8_t *from, float *to) {
#if defined(QUANTALOUPE_AVX512)
    store(to, (vfloat)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from)));
#elif defined(QUANTALOUPE_AVX2)
    for (int i = 0; i < 2; i += 1) {
      store(to + LANES * i, (vfloat)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from + i)));
    }
#else
    vint words[VECTORS];
    load_words(from, words);
    for (int i = 0; i < VECTORS; i += 1) store(to + LANES * i, half_to_float(words[i]));
#endif
  });
}

QUANTALOUPE_INLINE vint float_to_bf16(vfloat value) {
  const vint bits = bits_of(value);
  const vint nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return select((bits & 0x7fffffff) > 0x7f800000, bits >> 16 | 0x40, nearest);
}

void quantize_bf16(const Rows &rows) {
  encode<2>(rows, [](const uint8_t *from, uint8_t *to) {
    vint words[VECTORS];
    for (int i = 0; i < VECTORS; i += 1) words[i] = float_to_bf16(load((const float *)from + LANES * i));
    store_words(to, words);
  });
}

void dequantize_bf16(const uint8_t *bytes, size_t count, float *out) {
  decode<2>(bytes, count, out, [](const uint8_t *from, float *to) {
    vint words[VECTORS];
    load_words(from, words);
    for (int i = 0; i < VECTORS; i += 1) store(to + LANES * i, float_of(words[i] << 16));
  });
}

void dequantize_f64(const uint8_t *bytes, size_t count, float *out) {
  decode<8>(bytes, count, out, [](const uint8_t *from, float *to) {
    double values[STEP];
    memcpy(values, from, sizeof values);
    for (int i = 0; i < STEP; i += 1) to[i] = (float)values[i];
  });
}

// Applies a function of an integer code 0 ... 255 to every byte.
template <typename Value>
QUANTALOUPE_INLINE void decode_bytes(const uint8_t *bytes, size_t count, float *out, Value value) {
  decode<1>(bytes, count, out, [=](const uint8_t *from, float *to) {
    vint codes[VECTORS];
    widen(load_bytes(from), codes);
    for (int i = 0; i < VECTORS; i += 1) store(to + LANES * i, value(codes[i] & 255));
  });
}

void dequantize_f8_e4m3(const uint8_t *bytes, size_t count, float *out) {
  decode_bytes(bytes, count, out, [](vint code) {
    const vint fraction = code & 0x7f;
    const vfloat subnormal = to_float(fraction) * 0x1p-9f;
    const vfloat normal = float_of((fraction << 20) + (120 << 23));
    const vfloat finite = float_of(bits_of(select(fraction < 8, subnormal, normal)) | (code & 0x80) << 24);
    return select(fraction == 0x7f, splat(__builtin_nanf("")), finite);
  });
}

// The upper byte of an f16.
void dequantize_f8_e5m2(const uint8_t *bytes, size_t count, float *out) {
  decode_bytes(bytes, count, out, [](vint code) { return half_to_float(code << 8); });
}

}  // namespace

extern const FormatKernel kernel_F32 = {"F32", 1, 4, quantize_f32, dequantize_f32};
extern const FormatKernel kernel_F16 = {"F16", 1, 2, quantize_f16, dequantize_f16};
extern const FormatKernel kernel_BF16 = {"BF16", 1, 2, quantize_bf16, dequantize_bf16};
extern const FormatKernel kernel_F64 = {"F64", 1, 8, nullptr, dequantize_f64};
extern const FormatKernel kernel_F8_E4M3 = {"F8_E4M3", 1, 1, nullptr, dequantize_f8_e4m3};
extern const FormatKernel kernel_F8_E5M2 = {"F8_E5M2", 1, 1, nullptr, dequantize_f8_e5m2};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
