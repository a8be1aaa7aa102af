// Q1_0 and Q2_0; layout and twin: main/engine/quantizers/low-bit.ts
// (ggml-quants.c: quantize_row_q1_0_ref, quantize_row_q2_0_ref).
#include "batch.h"
#include "half.h"
#include "largest_magnitude.h"
#include "low_bit_codes.h"
#include "optimal_kernels.h"
#include "ternary_codes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int Q1_BLOCK = 128;
constexpr int Q1_BYTES = 18;
constexpr int Q2_BLOCK = 64;
constexpr int Q2_BYTES = 18;
// Offset of the codes in both.
constexpr int CODES = 2;

// One bit per weight, set where it is not negative.
void store_signs(const float *weights, uint8_t *out) {
  for (int word = 0; word < Q1_BLOCK / 64; word += 1, weights += 64) {
    uint64_t bits = 0;
    for (int i = 0; i < 64; i += LANES) bits |= (uint64_t)mask_bits(load(weights + i) >= 0) << i;
    memcpy(out + 8 * word, &bits, sizeof bits);
  }
}

// The magnitudes of each block are summed in order: a lane per block.
void quantize_q1_batch(const BlockBatch &batch) {
  vfloat sum = {};
  for (int at = 0; at < Q1_BLOCK; at += LANES) {
    vfloat columns[LANES];
    load_part(batch.weights, at, columns);
    for (int i = 0; i < LANES; i += 1) sum += magnitude(columns[i]);
  }
  const vint halves = float_to_half(sum / (float)Q1_BLOCK);
  for (int lane = 0; lane < batch.count; lane += 1) {
    store_half(batch.out[lane], (uint16_t)halves[lane]);
    store_signs(batch.weights[lane], batch.out[lane] + CODES);
  }
}

void quantize_q1(const Rows &rows) { for_each_block_batch<Q1_BLOCK, Q1_BYTES>(rows, quantize_q1_batch); }

// Lane i tests bit i.
constexpr int32_t LANE_BITS[16] = {1,      2,      4,      8,      0x10,   0x20,   0x40,   0x80,
                                   0x100,  0x200,  0x400,  0x800,  0x1000, 0x2000, 0x4000, 0x8000};

void dequantize_q1(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += Q1_BYTES) {
    const vint positive = bits_of(splat(half_to_float(load_half(bytes))));
    for (int at = 0; at < Q1_BLOCK; at += 16, out += 16) {
      const uint32_t bits = load_half(bytes + CODES + at / 8);
      for (int i = 0; i < 16; i += LANES) {
        const vint unset = (splat((int32_t)(bits >> i)) & load(LANE_BITS)) == 0;
        store(out + i, float_of(positive ^ (unset & INT32_MIN)));
      }
    }
  }
}

void pack_q2(const float *weights, float inverse, uint8_t *out) {
  for (int i = 0; i < Q2_BLOCK; i += 16) store_fields(out + i / 4, ternary_codes(weights + i, inverse));
}

void quantize_q2(const Rows &rows) {
  const size_t blocks = rows.rows * rows.row_length / Q2_BLOCK;
  const float *weights = rows.weights;
  uint8_t *out = rows.out;
  for (size_t block = 0; block < blocks; block += 1, weights += Q2_BLOCK, out += Q2_BYTES) {
    const float d = largest_magnitude<Q2_BLOCK>(weights);
    const float inverse = d > 0 ? 1.f / d : 0.f;
    store_half(out, float_to_half(d));
    // The inverse of a denormal is infinite: in ggml all codes turn into the smallest integer, cut to 0.
    if (inverse == __builtin_inff()) memset(out + CODES, 0, Q2_BYTES - CODES);
    else pack_q2(weights, inverse, out + CODES);
  }
}

typedef float floats4 __attribute__((vector_size(16)));

// The four values, in units of d, of every byte.
struct FieldValues {
  float of[256][4];
  constexpr FieldValues() : of() {
    for (int byte = 0; byte < 256; byte += 1) {
      for (int n = 0; n < 4; n += 1) of[byte][n] = (float)((byte >> (2 * n) & 3) - 1);
    }
  }
};
constexpr FieldValues FIELD_VALUES;

void dequantize_q2(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += Q2_BYTES, out += Q2_BLOCK) {
    const float d = half_to_float(load_half(bytes));
    for (int i = 0; i < Q2_BLOCK / 4; i += 1) {
      floats4 values;
      memcpy(&values, FIELD_VALUES.of[bytes[CODES + i]], sizeof values);
      values *= d;
      memcpy(out + 4 * i, &values, sizeof values);
    }
  }
}

}  // namespace

extern const FormatKernel kernel_Q1_0 = {"Q1_0", Q1_BLOCK, Q1_BYTES, quantize_q1, dequantize_q1,
                                          &optimal_Q1_0};
extern const FormatKernel kernel_Q2_0 = {"Q2_0", Q2_BLOCK, Q2_BYTES, quantize_q2, dequantize_q2,
                                          &optimal_Q2_0};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
