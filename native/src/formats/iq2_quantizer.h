// What the IQ2 formats share around their search: super-blocks into lanes of sub-blocks and back, and decoding.
#pragma once

#include "iq2_search.h"
#include "scale_code.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// A super-block before it is packed: scales of sub-blocks, and the number of the point and the signs of every
// group of 8.
struct Iq2Block {
  float scales[SUPER_BLOCK / 16];
  uint16_t points[GROUPS_OF_SUPER_BLOCK];
  uint8_t signs[GROUPS_OF_SUPER_BLOCK];
};

// Quantizes super-blocks with a format F:
//   COUNT                weights per sub-block
//   BYTES, GRID          bytes per block, id of the grid
//   VARIANCE             times the mean square: what is added to squared weights
//   EVEN_SIGNS           seven of eight signs are stored: their number must be even
//   search               scales and points of LANES sub-blocks; returns the lanes that are not all zeros
//   pack                 writes a block from an Iq2Block and its largest scale
template <typename F>
struct Iq2Quantizer {
  static constexpr int COUNT = F::COUNT;
  static constexpr int SUB_BLOCKS = SUPER_BLOCK / COUNT;

  static void quantize(const Rows &rows) {
    for_each_block_batch<SUPER_BLOCK, F::BYTES>(rows, [](const BlockBatch &batch) { quantize_batch(batch); });
  }

  static void quantize_batch(const BlockBatch &batch) {
    const Grid &points_grid = grid(F::GRID);
    Iq2Block blocks[LANES];
    float variances[LANES];
    store(variances, F::VARIANCE * sum_of_squares<SUPER_BLOCK>(batch) / SUPER_BLOCK);
    const int sub_blocks = batch.count * SUB_BLOCKS;
    for (int first = 0; first < sub_blocks; first += LANES) {
      SubBlocks<COUNT> lanes;
      for (int lane = 0; lane < LANES; lane += 1) {
        load_lane(batch, variances, minimum_of(first + lane, sub_blocks - 1), lane, lanes);
      }
      lanes.finish();
      search_lanes(points_grid, lanes, first, minimum_of(LANES, sub_blocks - first), blocks);
    }
    for (int block = 0; block < batch.count; block += 1) {
      float largest = 0;
      for (int j = 0; j < SUB_BLOCKS; j += 1) {
        if (blocks[block].scales[j] > largest) largest = blocks[block].scales[j];
      }
      F::pack(blocks[block], largest, batch.out[block]);
    }
  }

  QUANTALOUPE_INLINE int minimum_of(int a, int b) { return a < b ? a : b; }

  QUANTALOUPE_INLINE void load_lane(const BlockBatch &batch, const float (&variances)[LANES], int sub_block,
                                    int lane, SubBlocks<COUNT> &lanes) {
    const int block = sub_block / SUB_BLOCKS;
    const int at = sub_block % SUB_BLOCKS * COUNT;
    const float *x = batch.weights[block] + at;
    const float *importance = batch.importance[block] ? batch.importance[block] + at : nullptr;
    float *weights = lanes.weights[lane];
    float *magnitudes = lanes.magnitudes[lane];
    weigh(x, importance, variances[block], weights);
    const uint32_t signs = split_signs<COUNT>(x, magnitudes);
    lanes.signs[lane] = F::EVEN_SIGNS ? make_signs_even<COUNT>(magnitudes, weights, signs) : signs;
  }

  // Importance times the root of (variance + squared weight); without it, squared weights and some variance.
  QUANTALOUPE_INLINE void weigh(const float *weights, const float *importance, float variance, float *out) {
    for (int i = 0; i < COUNT; i += LANES) {
      const vfloat x = load(weights + i);
      if (importance) store(out + i, load(importance + i) * square_root(variance + x * x));
      else store(out + i, 0.25f * variance + x * x);
    }
  }

  QUANTALOUPE_INLINE void search_lanes(const Grid &grid, const SubBlocks<COUNT> &lanes, int first, int count,
                                       Iq2Block (&blocks)[LANES]) {
    vfloat scale;
    Points<COUNT / GROUP> points = {};
    const uint32_t stored = F::search(grid, lanes, scale, points);
    for (int lane = 0; lane < count; lane += 1) {
      Iq2Block &block = blocks[(first + lane) / SUB_BLOCKS];
      const int j = (first + lane) % SUB_BLOCKS;
      const bool is_stored = stored >> lane & 1;
      const float signed_scale = is_stored ? scale[lane] : 0.f;
      const uint32_t signs = signed_scale < 0 ? lanes.signs[lane] ^ 0xffffffffu : lanes.signs[lane];
      block.scales[j] = signed_scale < 0 ? -signed_scale : signed_scale;
      for (int group = 0; group < COUNT / GROUP; group += 1) {
        const int at = j * (COUNT / GROUP) + group;
        block.points[at] = is_stored ? (uint16_t)grid.index[points.packed[group][lane]] : 0;
        block.signs[at] = is_stored ? (uint8_t)(signs >> (GROUP * group)) : 0;
      }
    }
  }
};

// Decodes 8 weights: the levels of packed codes, times a scale, under sign bits.
QUANTALOUPE_INLINE void decode_group(uint32_t packed, float scale, uint32_t signs, float *out) {
  const float levels[4] = {scale * 8.f, scale * 25.f, scale * 43.f, 0.f};
  for (int i = 0; i < GROUP; i += 1) {
    out[i] = bits_float(float_bits(levels[packed >> (2 * i) & 3]) ^ (signs >> i & 1) << 31);
  }
}

// What the levels of a sub-block are multiplied with.
QUANTALOUPE_INLINE float decoded_scale(float d, uint32_t code) { return d * (0.5f + (float)code) * 0.25f; }

}  // namespace quantaloupe::QUANTALOUPE_TARGET
