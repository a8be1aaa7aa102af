// TQ1_0 and TQ2_0; layout and twin: main/engine/quantizers/ternary.ts
// (ggml-quants.c: quantize_row_tq1_0_ref, quantize_row_tq2_0_ref).
#include "kernels.h"
#include "largest_magnitude.h"
#include "optimal_kernels.h"
#include "ternary_blocks.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BLOCK = TERNARY_BLOCK;

// Returns d. A denormal d has an infinite inverse; ggml's codes are all 1 then.
float encode(const float *weights, TernaryCodes &codes) {
  const float d = largest_magnitude<BLOCK>(weights);
  const float inverse = 1.f / d;
  const float factor = inverse == __builtin_inff() ? 0 : inverse;
  for (int i = 0; i < BLOCK / 16; i += 1) codes[i] = ternary_codes(weights + 16 * i, factor);
  return d;
}

void quantize_tq1(const Rows &rows) {
  const size_t blocks = rows.rows * rows.row_length / BLOCK;
  const float *weights = rows.weights;
  uint8_t *out = rows.out;
  for (size_t block = 0; block < blocks; block += 1, weights += BLOCK, out += TQ1_BYTES) {
    TernaryCodes codes;
    const uint16_t d = float_to_half(encode(weights, codes));
    store_tq1(codes, d, out);
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

void quantize_tq2(const Rows &rows) {
  const size_t blocks = rows.rows * rows.row_length / BLOCK;
  const float *weights = rows.weights;
  uint8_t *out = rows.out;
  for (size_t block = 0; block < blocks; block += 1, weights += BLOCK, out += TQ2_BYTES) {
    TernaryCodes codes;
    const uint16_t d = float_to_half(encode(weights, codes));
    store_tq2(codes, d, out);
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

extern const FormatKernel kernel_TQ1_0 = {"TQ1_0", BLOCK, TQ1_BYTES, quantize_tq1, dequantize_tq1,
                                           &optimal_TQ1_0};
extern const FormatKernel kernel_TQ2_0 = {"TQ2_0", BLOCK, TQ2_BYTES, quantize_tq2, dequantize_tq2,
                                           &optimal_TQ2_0};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
