// What the IQ2 formats share: LANES sub-blocks at a time, one per lane, in groups of 8 weights that must lie on a
// grid. What a trial scale rounds to is found in lanes; lanes whose codes are no grid point go one by one through the
// search for their best neighbour. Twin: main/engine/quantizers/iq2-search.ts.
#pragma once

#include "batch.h"
#include "half.h"
#include "neighbour_search.h"
#include "sign_bits.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SUPER_BLOCK = 256;
constexpr int GROUP = 8;
constexpr int GROUPS_OF_SUPER_BLOCK = SUPER_BLOCK / GROUP;
// Magnitude of the highest code.
constexpr float LARGEST_MAGNITUDE = 5;

// LANES sub-blocks of COUNT weights: by sub-block, and value i of all of them in a vector.
template <int COUNT>
struct SubBlocks {
  static constexpr int GROUPS = COUNT / GROUP;
  alignas(64) float magnitudes[LANES][COUNT];  // one of a group may be negative
  alignas(64) float weights[LANES][COUNT];     // of the squared error
  alignas(64) float roots[LANES][COUNT];       // of the weights
  uint32_t signs[LANES];
  vfloat x[COUNT];
  vfloat w[COUNT];
  vfloat wx[COUNT];

  // Fills what follows from magnitudes and weights.
  void finish() {
    const float *rows[LANES];
    for (int lane = 0; lane < LANES; lane += 1) {
      for (int i = 0; i < COUNT; i += LANES) store(roots[lane] + i, square_root(load(weights[lane] + i)));
    }
    for (int lane = 0; lane < LANES; lane += 1) rows[lane] = magnitudes[lane];
    load_columns(rows, x);
    for (int lane = 0; lane < LANES; lane += 1) rows[lane] = weights[lane];
    load_columns(rows, w);
    for (int i = 0; i < COUNT; i += 1) wx[i] = w[i] * x[i];
  }

  vfloat largest() const {
    vfloat most = x[0];
    for (int i = 1; i < COUNT; i += 1) most = maximum(most, x[i]);
    return most;
  }
};

// The packed codes of every group of LANES sub-blocks, and a bit for each lane whose group took a neighbour.
template <int GROUPS>
struct Points {
  vint packed[GROUPS];
  uint32_t moved[GROUPS];
};

// Codes 0, 1, 2 of 8 weights at bits 0, 2, 4 ...
QUANTALOUPE_INLINE vint round_group(const vfloat *x, vfloat inverse) {
  vint packed = {};
  for (int i = GROUP - 1; i >= 0; i -= 1) {
    // The code is 0x400000 lower (nearest_int); those bits leave the lowest 16 as the codes are packed.
    const vint code = bits_of(0.5f * (inverse * x[i] - 1.f) + 12582912.f) & 0x007fffff;
    packed = (packed << 2) + minimum(maximum(code, splat(0x400000)), splat(0x400002));
  }
  return packed & 0xffff;
}

// Chooses the points of group `group` in the lanes of `chosen`, under the scale 1 / inverse; others are undefined.
template <int COUNT>
QUANTALOUPE_INLINE void choose_group(const Grid &grid, const SubBlocks<COUNT> &blocks, int group, vfloat inverse,
                                     const float (&levels)[3][LANES], uint32_t chosen, vint &packed,
                                     uint32_t &moved) {
  int32_t codes[LANES];
  store(codes, round_group(blocks.x + GROUP * group, inverse));
  moved = 0;
  for (int lane = 0; lane < LANES; lane += 1) moved |= (uint32_t)(grid.index[codes[lane]] < 0) << lane;
  for (uint32_t left = moved & chosen; left != 0; left &= left - 1) {
    const int lane = __builtin_ctz(left);
    codes[lane] = (int32_t)nearest_neighbour(grid, (uint32_t)codes[lane], blocks.magnitudes[lane] + GROUP * group,
                                             blocks.roots[lane] + GROUP * group, levels[0][lane], levels[1][lane],
                                             levels[2][lane]);
  }
  packed = load(codes);
}

QUANTALOUPE_INLINE void scale_levels(vfloat scale, float (&levels)[3][LANES]) {
  store(levels[0], scale);
  store(levels[1], scale * 3.f);
  store(levels[2], scale * 5.f);
}

// 2 code + 1 of weight i of packed codes.
QUANTALOUPE_INLINE vfloat magnitude_of(vint packed, int i) {
#if defined(QUANTALOUPE_AVX512) || defined(QUANTALOUPE_AVX2) || defined(QUANTALOUPE_NEON)
  static const float odd[4] = {1, 3, 5, 7};
  return lookup4(odd, packed >> (2 * i));
#else
  return to_float(((i == 0 ? packed << 1 : packed >> (2 * i - 1)) & 6) | 1);
#endif
}

// Sums over all weights in order, for the scale products / squares that fits the points best.
template <int COUNT>
QUANTALOUPE_INLINE void fit_scale(const SubBlocks<COUNT> &blocks, const vint *packed, vfloat &products,
                                  vfloat &squares) {
  products = vfloat{};
  squares = vfloat{};
  for (int i = 0; i < COUNT; i += 1) {
    const vfloat magnitude = magnitude_of(packed[i / GROUP], i % GROUP);
    products += blocks.wx[i] * magnitude;
    squares += blocks.w[i] * magnitude * magnitude;
  }
}

// Points of the best of the trial scales `largest` / (5 + 0.1 step), step = -steps ... steps, in active lanes. If none
// wins, because all errors vanish or overflow, points and scale stay.
template <int COUNT>
QUANTALOUPE_INLINE void search_points(const Grid &grid, const SubBlocks<COUNT> &blocks, int steps, vfloat largest,
                                      uint32_t active, vfloat &scale, Points<COUNT / GROUP> &points) {
  vfloat best = {};
  for (int step = -steps; step <= steps; step += 1) {
    const vfloat inverse = (LARGEST_MAGNITUDE + (float)step * 0.1f) / largest;
    Points<COUNT / GROUP> trial;
    float levels[3][LANES];
    scale_levels(1.f / inverse, levels);
    for (int group = 0; group < COUNT / GROUP; group += 1) {
      choose_group(grid, blocks, group, inverse, levels, active, trial.packed[group], trial.moved[group]);
    }
    vfloat products, squares;
    fit_scale(blocks, trial.packed, products, squares);
    const vint better = (squares > 0.f) & (products * products > best * squares);
    scale = select(better, products / squares, scale);
    best = select(better, scale * products, best);
    const uint32_t lanes = mask_bits(better);
    for (int group = 0; group < COUNT / GROUP; group += 1) {
      points.packed[group] = select(better, trial.packed[group], points.packed[group]);
      points.moved[group] = (points.moved[group] & ~lanes) | (trial.moved[group] & lanes);
    }
  }
}

QUANTALOUPE_INLINE vint mask_of(uint32_t bits) {
  vint mask;
  for (int lane = 0; lane < LANES; lane += 1) mask[lane] = -(int32_t)(bits >> lane & 1);
  return mask;
}

// In the lanes of `chosen`, chooses again the points of moved groups under the scale that was found, and fits the
// scale to all points. Where sums overflowed and the quotient is no number (ggml ends the process), the scale stays.
template <int COUNT>
QUANTALOUPE_INLINE void choose_again(const Grid &grid, const SubBlocks<COUNT> &blocks, uint32_t chosen,
                                     vfloat &scale, Points<COUNT / GROUP> &points) {
  if (chosen == 0) return;
  float levels[3][LANES];
  scale_levels(scale, levels);
  for (int group = 0; group < COUNT / GROUP; group += 1) {
    const uint32_t lanes = points.moved[group] & chosen;
    if (lanes == 0) continue;
    vint packed;
    uint32_t moved;
    choose_group(grid, blocks, group, 1.f / scale, levels, lanes, packed, moved);
    points.packed[group] = select(mask_of(lanes), packed, points.packed[group]);
  }
  vfloat products, squares;
  fit_scale(blocks, points.packed, products, squares);
  const vfloat fitted = products / squares;
  scale = select(mask_of(chosen) & (squares > 0.f) & (fitted == fitted), fitted, scale);
}

// A super-block before it is packed: scales of sub-blocks, and per group of 8 the number of its point and its signs.
struct Iq2Block {
  float scales[SUPER_BLOCK / 16];
  uint16_t points[GROUPS_OF_SUPER_BLOCK];
  uint8_t signs[GROUPS_OF_SUPER_BLOCK];
};

// 4-bit code of a scale that decodes to unit * (1 + 2 code).
QUANTALOUPE_INLINE uint32_t scale_code(float inverse_unit, float scale) {
  const int32_t code = nearest_int(0.5f * (inverse_unit * scale - 1.f));
  return code < 0 ? 0 : code > 15 ? 15 : (uint32_t)code;
}

// Quantizes super-blocks with a format F:
//   COUNT                weights per sub-block
//   BYTES, GRID, TURN    bytes per block, id of the grid, sign bits to turn where the scale is negative
//   VARIANCE             times the mean square: what is added to squared weights
//   weigh, load_signs    fill one lane of SubBlocks
//   search               scales and points of LANES sub-blocks; returns the lanes that are not stored as zeros
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
    store(variances, F::VARIANCE * sum_of_squares(batch) / SUPER_BLOCK);
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

  // Sum of squares of each super-block, in order.
  QUANTALOUPE_INLINE vfloat sum_of_squares(const BlockBatch &batch) {
    vfloat sum = {};
    for (int at = 0; at < SUPER_BLOCK; at += LANES) {
      vfloat columns[LANES];
      load_part(batch.weights, at, columns);
      for (int i = 0; i < LANES; i += 1) sum += columns[i] * columns[i];
    }
    return sum;
  }

  QUANTALOUPE_INLINE void load_lane(const BlockBatch &batch, const float (&variances)[LANES], int sub_block, int lane,
                                    SubBlocks<COUNT> &lanes) {
    const int block = sub_block / SUB_BLOCKS;
    const int at = sub_block % SUB_BLOCKS * COUNT;
    const float *x = batch.weights[block] + at;
    weigh(x, batch.importance[block] ? batch.importance[block] + at : nullptr, variances[block], lanes.weights[lane]);
    lanes.signs[lane] = split_signs<COUNT>(x, lanes.magnitudes[lane]);
    if (F::EVEN_SIGNS) {
      lanes.signs[lane] = make_signs_even<COUNT>(lanes.magnitudes[lane], lanes.weights[lane], lanes.signs[lane]);
    }
  }

  // Importance times the root of (variance + squared weight); without importance a quarter of the variance counts.
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

// What IQ2_XS and IQ2_S share: sub-blocks of 16, trial scales from the largest weight, and only groups that took a
// neighbour choose again.
QUANTALOUPE_INLINE uint32_t search_sixteen(const Grid &grid, const SubBlocks<16> &lanes, float smallest,
                                           vfloat &scale, Points<2> &points) {
  const vfloat largest = lanes.largest();
  const uint32_t stored = mask_bits(~(largest < smallest));
  scale = largest / LARGEST_MAGNITUDE;
  search_points(grid, lanes, 9, largest, stored, scale, points);
  choose_again(grid, lanes, mask_bits(scale > 0.f) & stored & (points.moved[0] | points.moved[1]), scale, points);
  return stored;
}

QUANTALOUPE_INLINE void pack_scales(const Iq2Block &block, float unit, uint8_t *out) {
  const float inverse = 1.f / unit;
  for (int j = 0; j < 16; j += 2) {
    out[j / 2] = (uint8_t)(scale_code(inverse, block.scales[j]) | scale_code(inverse, block.scales[j + 1]) << 4);
  }
}

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
