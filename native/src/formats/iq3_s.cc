// IQ3_S; layout and twin: main/engine/quantizers/iq3-s.ts.
#include "half.h"
#include "iq3_decode.h"
#include "iq3_search.h"
#include "scale_code.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 110;
constexpr int POINTS = 2;
constexpr int HIGH = 66;
constexpr int SIGNS = 74;
constexpr int SCALES = 106;
constexpr int STEPS = 9;
// Makes up for the rounding of sub-block scales, which on average are smaller than the largest allows.
constexpr float STRETCH = 1.033f;

void write_scales(const float (&scales)[SUB_BLOCKS], float largest, uint8_t *out) {
  const float unit = largest / 31;
  store_half(out, float_to_half(unit * STRETCH));
  pack_scale_codes(scales, unit, out + SCALES);
}

// A sub-block of zeros takes no place among points and signs, as in ggml; see the twin.
void quantize_block(const float *weights, const float *importance, const Grid &grid, uint8_t *out) {
  memset(out, 0, BYTES);
  const float variance = importance ? variance_of(weights) : 0;
  float scales[SUB_BLOCKS] = {};
  float largest = 0;
  int place = 0;
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    SubBlock block;
    const float *columns = importance ? importance + SUB_BLOCK * j : nullptr;
    load_sub_block<false>(weights + SUB_BLOCK * j, columns, variance, block);
    if (block.largest == 0) continue;
    int32_t points[GROUPS];
    scales[j] = search_points<STEPS, true>(block, grid, points);
    for (int k = 0; k < GROUPS; k += 1) {
      const int index = grid.index[points[k]];
      out[POINTS + GROUPS * place + k] = (uint8_t)index;
      out[HIGH + j] |= (uint8_t)(index >> 8 << k);
    }
    memcpy(out + SIGNS + 4 * place, &block.signs, 4);
    if (scales[j] > largest) largest = scales[j];
    place += 1;
  }
  if (largest > 0) write_scales(scales, largest, out);
}

void quantize(const Rows &rows) {
  const Grid &points = grid(GridId::IQ3_S);
  for_each_super_block<BYTES>(rows, [&](const float *weights, const float *importance, uint8_t *out) {
    quantize_block(weights, importance, points, out);
  });
}

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  const Grid &points = grid(GridId::IQ3_S);
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += SUPER_BLOCK) {
    const float d = half_to_float(load_half(bytes));
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const float scale = d * (float)(1 + 2 * (bytes[SCALES + j / 2] >> (4 * (j % 2)) & 15));
      const uint8_t *low = bytes + POINTS + GROUPS * j;
      const int high = bytes[HIGH + j];
      for (int k = 0; k < GROUPS; k += 2) {
        const int first = low[k] | (high >> k & 1) << 8;
        const int second = low[k + 1] | (high >> (k + 1) & 1) << 8;
        const vint8 codes = codes_of(points, first, second);
        store_signed(out + SUB_BLOCK * j + GROUP * k, scale, 2 * codes + 1, bytes[SIGNS + 4 * j + k / 2]);
      }
    }
  }
}

}  // namespace

extern const FormatKernel kernel_IQ3_S = {"IQ3_S", SUPER_BLOCK, BYTES, quantize, dequantize, &optimal_IQ3_S};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
