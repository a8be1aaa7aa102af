// The neighbours of codes of IQ3_XXS and IQ3_S that are no grid point: which of them is nearest under a
// scale. Twin: main/engine/quantizers/iq3-neighbours.ts.
//
// Codes that stay the same under several trial scales have the same neighbours, and most of those are
// excluded for all of these scales at once. The distance of levels l under scale s is
//     sum w (s l - x)^2 = sum w x^2 + s (s sum w l^2 - sum 2 w x l) = constant + s * line(s)
// and a line that lies above another one under the first and the last scale does so in between. What is not
// above the line of the first scale's best, and not above that of the last scale's best, remains: two or
// three of ten.
//
// Above means by a margin that covers all rounding. With u = 2^-24, levels up to 15 and S = sum w (15 s +
// |x|)^2 a line is off by less than 7 u S / s (5 roundings of each sum, 2 more of their difference) and a
// distance as ggml computes it by less than 10 u S (two roundings of the difference, which is squared, two of
// the products and three of the sums). Lines that are farther apart than (14 + 20) u S / s belong to
// distances in the same order. The code takes 64 u for 34 u, S of the largest scale and s of the smallest.
// Where numbers are so small or large that products may underflow or overflow there is no margin, and no
// neighbour is excluded.
#pragma once

#include "iq3_sub_block.h"
#include "neighbour_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr float FLOAT_MAX = 3.40282347e+38f;

// Four weights, and what lines must be apart to exclude a neighbour.
struct GroupOfFour {
  const float *values;
  const float *weights;  // of distances: the roots of those of the squared error
  float margin;
};

static inline GroupOfFour group_of(const SubBlock &block, int k, float smallest_scale) {
  const float *weights = block.roots + GROUP * k;
  const float reach = 1.25f * block.largest + block.reach;
  const float sum = reach * reach * (weights[0] + weights[1] + weights[2] + weights[3]);
  const bool bounded = block.largest >= 0x1p-40f && reach <= 0x1p40f && sum >= 0x1p-70f && sum <= 0x1p60f;
  return {block.values + GROUP * k, weights, bounded ? 0x1p-18f * sum / smallest_scale : __builtin_inff()};
}

alignas(32) constexpr float LEVELS[8] = {1, 3, 5, 7, 9, 11, 13, 15};

// The level of code i of packed codes.
QUANTALOUPE_INLINE float level_of(int32_t packed, int i) { return LEVELS[packed >> (3 * i) & 7]; }

QUANTALOUPE_INLINE vfloat level_of(vint packed, int i) {
#if defined(QUANTALOUPE_AVX512) || defined(QUANTALOUPE_AVX2) || defined(QUANTALOUPE_NEON)
  return lookup8(LEVELS, packed >> (3 * i));
#else
  return to_float(((i == 0 ? packed << 1 : packed >> (3 * i - 1)) & 14) | 1);
#endif
}

// Neighbours are looked at 16 at a time, to which lists are filled up; no list of the two grids has more than
// 38.
constexpr int BATCH = 16;

// Lines, or distances, of up to BATCHES * 16 neighbours.
template <int BATCHES>
struct NeighbourValues {
  static constexpr int VECTORS = BATCHES * BATCH / LANES;
  // Bits that hold a place.
  static constexpr int PLACES = BATCHES == 1 ? 15 : BATCHES == 2 ? 31 : 63;
  vfloat values[VECTORS];

  float at(int place) const { return values[place / LANES][place % LANES]; }

  // The first place of the smallest value; no value is NaN.
  int place_of_smallest() const {
    vfloat least = values[0];
    for (int v = 1; v < VECTORS; v += 1) least = minimum(values[v], least);
    const float smallest = smallest_lane(least);
    uint64_t equal = 0;
    for (int v = 0; v < VECTORS; v += 1) equal |= (uint64_t)mask_bits(values[v] == smallest) << (v * LANES);
    return __builtin_ctzll(equal);
  }

  // A place whose value is smallest but for some last bits, which tell the place meanwhile.
  int place_of_small() const {
    vint place;
    for (int lane = 0; lane < LANES; lane += 1) place[lane] = lane;
    vfloat least = float_of((bits_of(values[0]) & ~PLACES) | place);
    for (int v = 1; v < VECTORS; v += 1) {
      least = minimum(float_of((bits_of(values[v]) & ~PLACES) | (place + v * LANES)), least);
    }
    const float smallest = smallest_lane(least);
    int32_t bits;
    memcpy(&bits, &smallest, sizeof bits);
    return bits & PLACES;
  }
};

// The lines of neighbours at the ends of a run.
template <int BATCHES>
QUANTALOUPE_INLINE void measure_lines(const int32_t *words, const GroupOfFour &group, float first_scale,
                                      float last_scale, NeighbourValues<BATCHES> &first,
                                      NeighbourValues<BATCHES> &last) {
  for (int v = 0; v < NeighbourValues<BATCHES>::VECTORS; v += 1) {
    const vint codes = load(words + v * LANES);
    vfloat slope = {};
    vfloat offset = {};
    for (int i = 0; i < GROUP; i += 1) {
      const vfloat level = level_of(codes, i);
      const vfloat weighted = group.weights[i] * level;
      slope += weighted * level;
      offset += weighted * (2 * group.values[i]);
    }
    first.values[v] = slope * first_scale - offset;
    last.values[v] = slope * last_scale - offset;
  }
}

// Neighbours that may be nearest under some scale of the run: bits by place in the list.
template <int BATCHES>
QUANTALOUPE_INLINE uint64_t remaining_of(const int32_t *words, const GroupOfFour &group, float first_scale,
                                         float last_scale) {
  NeighbourValues<BATCHES> first, last;
  measure_lines(words, group, first_scale, last_scale, first, last);
  const int a = first.place_of_small();
  const int b = last.place_of_small();
  const vfloat a_first = splat(first.at(a) + group.margin);
  const vfloat a_last = splat(last.at(a) + group.margin);
  const vfloat b_first = splat(first.at(b) + group.margin);
  const vfloat b_last = splat(last.at(b) + group.margin);
  uint64_t excluded = 0;
  for (int v = 0; v < first.VECTORS; v += 1) {
    const vint above = ((first.values[v] > a_first) & (last.values[v] > a_last)) |
                       ((first.values[v] > b_first) & (last.values[v] > b_last));
    excluded |= (uint64_t)mask_bits(above) << (v * LANES);
  }
  return ~excluded;
}

QUANTALOUPE_INLINE uint64_t remaining(const int32_t *words, int count, const GroupOfFour &group,
                                      float first_scale, float last_scale) {
  const uint64_t places = (1ull << count) - 1;
  if (count <= BATCH) return places & remaining_of<1>(words, group, first_scale, last_scale);
  if (count <= 2 * BATCH) return places & remaining_of<2>(words, group, first_scale, last_scale);
  return places & remaining_of<3>(words, group, first_scale, last_scale);
}

// Packed codes of the nearest neighbour under one scale. Where no distance is below FLT_MAX (ggml ends the
// process then), the first neighbour.
template <int BATCHES>
QUANTALOUPE_INLINE int32_t nearest_of(const int32_t *words, const float *values, const float *weights,
                                      float scale) {
  NeighbourValues<BATCHES> distances;
  for (int v = 0; v < NeighbourValues<BATCHES>::VECTORS; v += 1) {
    const vint codes = load(words + v * LANES);
    vfloat distance = {};
    for (int i = 0; i < GROUP; i += 1) {
      const vfloat difference = scale * level_of(codes, i) - values[i];
      distance += (weights[i] * difference) * difference;
    }
    distances.values[v] = minimum(distance, splat(FLOAT_MAX));
  }
  return words[distances.place_of_smallest()] & 0xfff;
}

QUANTALOUPE_INLINE int32_t nearest_point(const int32_t *words, int count, const float *values,
                                         const float *weights, float scale) {
  if (count <= BATCH) return nearest_of<1>(words, values, weights, scale);
  if (count <= 2 * BATCH) return nearest_of<2>(words, values, weights, scale);
  return nearest_of<3>(words, values, weights, scale);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
