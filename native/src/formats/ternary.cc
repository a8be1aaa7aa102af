// TQ1_0 and TQ2_0; layout and twin: main/engine/quantizers/ternary.ts
// (ggml-quants.c: quantize_row_tq1_0_ref, quantize_row_tq2_0_ref).
#include "half.h"
#include "kernels.h"
#include "largest_magnitude.h"
#include "ternary_codes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BLOCK = 256;
// Codes are handled 16 at a time.
constexpr int CHUNKS = BLOCK / 16;
constexpr int TQ1_BYTES = 54;
constexpr int TQ1_SCALE = 52;
constexpr int TQ2_BYTES = 66;
constexpr int TQ2_SCALE = 64;

typedef bytes16 Codes[CHUNKS];

// Returns d. A denormal d has an infinite inverse; ggml's codes are all 1 then.
float encode(const float *weights, Codes &codes) {
  const float d = largest_magnitude<BLOCK>(weights);
  const float inverse = 1.f / d;
  const float factor = inverse == __builtin_inff() ? 0 : inverse;
  for (int i = 0; i < CHUNKS; i += 1) codes[i] = ternary_codes(weights + 16 * i, factor);
  return d;
}

// Five digits in base 3 as a fraction in units of 1/256, rounded up.
bytes16 to_fraction(bytes16 number) {
  uint8_t bytes[16];
  store_bytes(bytes, number);
  for (int i = 0; i < 16; i += 1) bytes[i] = (uint8_t)((bytes[i] * 256u + 242u) / 243u);
  return load_bytes(bytes);
}

// Digits of which the first and each next lie `step` chunks apart.
bytes16 pack_digits(const bytes16 *codes, int step) {
  bytes16 number = codes[0];
  for (int n = 1; n < 5; n += 1) number = number * 3 + codes[step * n];
  return to_fraction(number);
}

// The last 16 codes as four bytes of four digits.
void pack_rest(bytes16 codes, uint8_t *out) {
  for (int i = 0; i < 4; i += 1) {
    uint32_t number = 0;
    for (int n = 0; n < 4; n += 1) number = number * 3 + codes[i + 4 * n];
    out[i] = (uint8_t)((number * 3 * 256 + 242) / 243);
  }
}

void quantize_tq1(const Rows &rows) {
  const size_t blocks = rows.rows * rows.row_length / BLOCK;
  const float *weights = rows.weights;
  uint8_t *out = rows.out;
  for (size_t block = 0; block < blocks; block += 1, weights += BLOCK, out += TQ1_BYTES) {
    Codes codes;
    store_half(out + TQ1_SCALE, float_to_half(encode(weights, codes)));
    store_bytes(out, pack_digits(codes, 2));
    store_bytes(out + 16, pack_digits(codes + 1, 2));
    store_bytes(out + 32, pack_digits(codes + 10, 1));
    pack_rest(codes[15], out + 48);
  }
}

// The first digits of fractions, less 1: the carries of their triples.
bytes16 first_digits(bytes16 fractions) {
  return (bytes16)(-1 - (integers16)(fractions > 85) - (integers16)(fractions > 170));
}

// Decodes the digits of 16 bytes; the values of each digit lie `step` behind those of the one before.
void unpack_digits(bytes16 fractions, float d, float *out, int step) {
  for (int n = 0; n < 5; n += 1, fractions = fractions * 3) {
    store_scaled(out + step * n, d, first_digits(fractions));
  }
}

void unpack_rest(const uint8_t *bytes, float d, float *out) {
  for (int i = 0; i < 4; i += 1) {
    uint32_t fraction = bytes[i];
    for (int n = 0; n < 4; n += 1, fraction = fraction * 3 & 255) {
      out[i + 4 * n] = ((float)(fraction * 3 >> 8) - 1) * d;
    }
  }
}

void dequantize_tq1(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += TQ1_BYTES, out += BLOCK) {
    const float d = half_to_float(load_half(bytes + TQ1_SCALE));
    unpack_digits(load_bytes(bytes), d, out, 32);
    unpack_digits(load_bytes(bytes + 16), d, out + 16, 32);
    unpack_digits(load_bytes(bytes + 32), d, out + 160, 16);
    unpack_rest(bytes + 48, d, out + 240);
  }
}

// First of the four chunks, two apart, whose codes share 16 bytes of TQ2_0; part 0 ... 3.
constexpr int first_chunk(int part) { return 8 * (part >> 1) + (part & 1); }

void quantize_tq2(const Rows &rows) {
  const size_t blocks = rows.rows * rows.row_length / BLOCK;
  const float *weights = rows.weights;
  uint8_t *out = rows.out;
  for (size_t block = 0; block < blocks; block += 1, weights += BLOCK, out += TQ2_BYTES) {
    Codes codes;
    store_half(out + TQ2_SCALE, float_to_half(encode(weights, codes)));
    for (int part = 0; part < 4; part += 1) {
      const bytes16 *of = codes + first_chunk(part);
      store_bytes(out + 16 * part, of[0] | of[2] << 2 | of[4] << 4 | of[6] << 6);
    }
  }
}

void dequantize_tq2(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += TQ2_BYTES, out += BLOCK) {
    const float d = half_to_float(load_half(bytes + TQ2_SCALE));
    for (int part = 0; part < 4; part += 1) {
      const bytes16 fields = load_bytes(bytes + 16 * part);
      float *to = out + 16 * first_chunk(part);
      for (int n = 0; n < 4; n += 1) store_scaled(to + 32 * n, d, (fields >> (2 * n) & 3) - 1);
    }
  }
}

}  // namespace

extern const FormatKernel kernel_TQ1_0 = {"TQ1_0", BLOCK, TQ1_BYTES, quantize_tq1, dequantize_tq1};
extern const FormatKernel kernel_TQ2_0 = {"TQ2_0", BLOCK, TQ2_BYTES, quantize_tq2, dequantize_tq2};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
