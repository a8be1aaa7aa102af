// IQ4_NL and IQ4_XS; layout and twin: main/engine/quantizers/iq4.ts
// (ggml-quants.c: quantize_row_iq4_nl_impl).
#include "batch.h"
#include "bytes.h"
#include "ggml_error_weights.h"
#include "half.h"
#include "iq4_search.h"
#include "nested_search.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int HALF = LEVEL_BLOCK / 2;
constexpr int SUPER_BLOCK = 256;
constexpr int SUB_BLOCKS = SUPER_BLOCK / LEVEL_BLOCK;
constexpr int NL_BYTES = 18;
constexpr int NL_NIBBLES = 2;
constexpr int XS_BYTES = 136;
constexpr int HIGH = 2;
constexpr int LOW = 4;
constexpr int XS_NIBBLES = 8;

vfloat add_squares(vfloat sum, const LevelColumns &x) {
  for (int i = 0; i < LEVEL_BLOCK; i += 1) sum += x[i] * x[i];
  return sum;
}

// `variance` is twice the mean square of the block that d belongs to; it matters with importance alone.
vfloat search_scale(const LevelColumns &x, const BlockBatch &batch, int first, vfloat variance) {
  LevelColumns w;
  if (batch.importance[0]) {
    load_part(batch.importance, first, w);
    for (int i = 0; i < LEVEL_BLOCK; i += 1) w[i] *= square_root(variance + x[i] * x[i]);
  } else {
    for (int i = 0; i < LEVEL_BLOCK; i += 1) w[i] = x[i] * x[i];
  }
  return search_level_scale(x, w);
}

// 1 / scale, but 0 where the scale is 0.
vfloat inverse_of(vfloat scale) { return select(scale == 0, vfloat{}, 1.f / scale); }

// The 16 bytes of nibbles of every lane, four to a word.
void encode(const LevelColumns &x, vfloat inverse, const BlockBatch &batch, int offset) {
  vint words[4];
  for (int k = 0; k < 4; k += 1) {
    words[k] = vint{};
    for (int i = 3; i >= 0; i -= 1) {
      const vint low = level_code(inverse * x[4 * k + i]);
      const vint high = level_code(inverse * x[4 * k + i + HALF]);
      words[k] = words[k] << 8 | low | high << 4;
    }
  }
  for (int lane = 0; lane < batch.count; lane += 1) {
    for (int k = 0; k < 4; k += 1) {
      const int32_t word = words[k][lane];
      memcpy(batch.out[lane] + offset + 4 * k, &word, sizeof word);
    }
  }
}

void store_halves(vfloat values, const BlockBatch &batch) {
  const vint halves = float_to_half(values);
  for (int lane = 0; lane < batch.count; lane += 1) store_half(batch.out[lane], (uint16_t)halves[lane]);
}

void quantize_nl_batch(const BlockBatch &batch) {
  LevelColumns x;
  load_columns(batch.weights, x);
  const vfloat variance = add_squares(vfloat{}, x) * (2.f / LEVEL_BLOCK);
  const vfloat scale = search_scale(x, batch, 0, variance);
  store_halves(scale, batch);
  encode(x, inverse_of(scale), batch, NL_NIBBLES);
}

// The scales' codes, 0 ... 63, of one super-block.
void pack_scales(const vint (&codes)[SUB_BLOCKS], int lane, uint8_t *out) {
  uint32_t high = 0;
  uint32_t low = 0;
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    low |= (uint32_t)(codes[j][lane] & 15) << 4 * j;
    high |= (uint32_t)(codes[j][lane] >> 4) << 2 * j;
  }
  store_half(out + HIGH, (uint16_t)high);
  memcpy(out + LOW, &low, sizeof low);
}

void quantize_xs_batch(const BlockBatch &batch) {
  LevelColumns x[SUB_BLOCKS];
  vfloat sum = {};
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    load_part(batch.weights, LEVEL_BLOCK * j, x[j]);
    if (batch.importance[0]) sum = add_squares(sum, x[j]);
  }
  vfloat scales[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    scales[j] = search_scale(x[j], batch, LEVEL_BLOCK * j, sum * (2.f / SUPER_BLOCK));
  }
  const vfloat d = signed_extreme(scales) / -32.f;
  const vfloat inverse = inverse_of(d);
  store_halves(d, batch);
  vint codes[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    const vint code = maximum(minimum(nearest_int(inverse * scales[j]), splat(31)), splat(-32));
    encode(x[j], inverse_of(d * to_float(code)), batch, XS_NIBBLES + HALF * j);
    codes[j] = code + 32;
  }
  for (int lane = 0; lane < batch.count; lane += 1) pack_scales(codes, lane, batch.out[lane]);
}

void quantize_nl(const Rows &rows) { for_each_block_batch<LEVEL_BLOCK, NL_BYTES>(rows, quantize_nl_batch); }
void quantize_xs(const Rows &rows) { for_each_block_batch<SUPER_BLOCK, XS_BYTES>(rows, quantize_xs_batch); }

constexpr int8_t LEVEL_BYTES[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

bytes16 levels_of(bytes16 codes) { return lookup(load_bytes((const uint8_t *)LEVEL_BYTES), codes); }

void decode(const uint8_t *nibbles, float scale, float *out) {
  const bytes16 pairs = load_bytes(nibbles);
  store_scaled(out, scale, levels_of(pairs & 15));
  store_scaled(out + HALF, scale, levels_of(pairs >> 4));
}

void dequantize_nl(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += NL_BYTES, out += LEVEL_BLOCK) {
    decode(bytes + NL_NIBBLES, half_to_float(load_half(bytes)), out);
  }
}

void dequantize_xs(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += XS_BYTES, out += SUPER_BLOCK) {
    const float d = half_to_float(load_half(bytes));
    uint32_t high = load_half(bytes + HIGH);
    uint32_t low;
    memcpy(&low, bytes + LOW, sizeof low);
    for (int j = 0; j < SUB_BLOCKS; j += 1, low >>= 4, high >>= 2) {
      const int code = (int)((low & 15) | (high & 3) << 4) - 32;
      decode(bytes + XS_NIBBLES + HALF * j, d * (float)code, out + LEVEL_BLOCK * j);
    }
  }
}

void search_xs(const SearchedBlocks &blocks) {
  search_nested<UnevenLayout, SUPER_BLOCK, XS_BYTES>(blocks, [](const auto &found, uint8_t *out) {
    uint32_t high = 0;
    uint32_t low = 0;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const uint32_t scale = (uint32_t)(found.scales[j] + 32);
      low |= (scale & 15) << 4 * j;
      high |= (scale >> 4) << 2 * j;
      const uint8_t *codes = found.codes + LEVEL_BLOCK * j;
      store_bytes(out + XS_NIBBLES + HALF * j, load_bytes(codes) | load_bytes(codes + HALF) << 4);
    }
    store_half(out, found.d);
    store_half(out + HIGH, (uint16_t)high);
    memcpy(out + LOW, &low, sizeof low);
  });
}

void ggml_error_weights_xs(const float *weights, const float *importance, size_t count, double *out) {
  if (!importance) return square_doubly(weights, count, out);
  weigh_blocks<SUPER_BLOCK>(weights, importance, count, out, [](float sum) { return sum * (2.f / SUPER_BLOCK); });
}

}  // namespace

extern const OptimalKernel optimal_IQ4_XS = {search_xs, ggml_error_weights_xs, nullptr};
extern const FormatKernel kernel_IQ4_NL = {"IQ4_NL", LEVEL_BLOCK, NL_BYTES, quantize_nl, dequantize_nl,
                                           &optimal_IQ4_NL};
extern const FormatKernel kernel_IQ4_XS = {"IQ4_XS", SUPER_BLOCK, XS_BYTES, quantize_xs, dequantize_xs,
                                           &optimal_IQ4_XS};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
