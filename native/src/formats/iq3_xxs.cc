// IQ3_XXS; layout and twin: main/engine/quantizers/iq3-xxs.ts.
#include "half.h"
#include "iq3_decode.h"
#include "iq3_search.h"
#include "scale_code.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 98;
constexpr int POINTS = 2;
constexpr int WORDS = 66;
constexpr int STEPS = 15;
// Sub-blocks below this are stored as zeros.
constexpr float SMALLEST = 1e-8f;
// Makes up for the rounding of sub-block scales, which on average are smaller than the largest allows.
constexpr float STRETCH = 1.0125f;

// Seven sign bits per 8 weights; the eighth follows from them.
uint32_t sign_word(uint32_t signs) {
  return (signs & 127) | (signs >> 8 & 127) << 7 | (signs >> 16 & 127) << 14 | (signs >> 24 & 127) << 21;
}

void quantize_block(const float *weights, const float *importance, const Grid &grid, uint8_t *out) {
  memset(out, 0, BYTES);
  const float variance = importance ? variance_of(weights) : 0;
  float scales[SUB_BLOCKS] = {};
  uint32_t words[SUB_BLOCKS] = {};
  float largest = 0;
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    SubBlock block;
    const float *columns = importance ? importance + SUB_BLOCK * j : nullptr;
    load_sub_block<true>(weights + SUB_BLOCK * j, columns, variance, block);
    if (block.largest < SMALLEST) continue;
    int32_t points[GROUPS];
    const float scale = search_points<STEPS, false>(block, grid, points);
    for (int k = 0; k < GROUPS; k += 1) out[POINTS + GROUPS * j + k] = (uint8_t)grid.index[points[k]];
    words[j] = sign_word(scale < 0 ? ~block.signs : block.signs);
    scales[j] = __builtin_fabsf(scale);
    if (scales[j] > largest) largest = scales[j];
  }
  if (largest == 0) {
    memset(out, 0, BYTES);
    return;
  }
  const float unit = largest / 31;
  store_half(out, float_to_half(unit * STRETCH));
  const float inverse = 1 / unit;
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    const uint32_t word = words[j] | scale_code(inverse, scales[j]) << 28;
    memcpy(out + WORDS + 4 * j, &word, sizeof word);
  }
}

void quantize(const Rows &rows) {
  const Grid &points = grid(GridId::IQ3_XXS);
  for_each_super_block<BYTES>(rows, [&](const float *weights, const float *importance, uint8_t *out) {
    quantize_block(weights, importance, points, out);
  });
}

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  const Grid &points = grid(GridId::IQ3_XXS);
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += SUPER_BLOCK) {
    const float d = half_to_float(load_half(bytes));
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      uint32_t word;
      memcpy(&word, bytes + WORDS + 4 * j, sizeof word);
      const float scale = d * (0.5f + (float)(word >> 28)) * 0.5f;
      const uint8_t *numbers = bytes + POINTS + GROUPS * j;
      for (int k = 0; k < GROUPS; k += 2) {
        const vint8 codes = codes_of(points, numbers[k], numbers[k + 1]);
        // The highest level is 62 instead of 60; a comparison gives -1.
        const vint8 levels = 8 * codes + 4 - 2 * (codes == 7);
        const uint32_t signs = with_eighth_sign(word >> (7 * k / 2) & 127);
        store_signed(out + SUB_BLOCK * j + GROUP * k, scale, levels, (int)signs);
      }
    }
  }
}

}  // namespace

extern const FormatKernel kernel_IQ3_XXS = {"IQ3_XXS", SUPER_BLOCK, BYTES, quantize, dequantize, &optimal_IQ3_XXS};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
