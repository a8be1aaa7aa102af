// IQ1_M; layout and twin: main/engine/quantizers/iq1-m.ts, iq1-pair-split.ts (ggml-quants.c:
// quantize_row_iq1_m_impl).
#include "iq1_groups.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 56;
constexpr int SUB_BLOCK = 16;
constexpr int SUB_BLOCKS = 16;
constexpr int GROUPS = SUB_BLOCK / GROUP;
constexpr int HIGH = 32;
constexpr int WORDS = 48;
// Sub-blocks whose largest magnitude is below this are stored as point 0.
constexpr float ALL_ZERO = 1e-7f;
// d is enlarged a little, as in ggml.
constexpr float ENLARGED = 1.1125f;
// f16 of infinity minus infinity, which x86 gives a sign.
constexpr int NOT_A_NUMBER = 0xfe00;

// Sums over the sorted values of one group before each place: of w x, and of w times the steps between
// squared levels, 1 - 2/8 and 1 + 2/8.
struct GroupSums {
  vfloat products[SUB_BLOCK + 1];
  vfloat lesser[SUB_BLOCK + 1];
  vfloat greater[SUB_BLOCK + 1];
  // With all values at the highest level, upwards and downwards.
  vfloat highest_products[2];
  vfloat highest_squares[2];
  vfloat weight;
};

QUANTALOUPE_INLINE void sum_group(const vfloat (&products)[SUB_BLOCK], const vfloat (&weights)[SUB_BLOCK],
                                  const vint (&own)[SUB_BLOCK], GroupSums &sums) {
  vfloat product = {};
  vfloat weight = {};
  for (int place = 0; place <= SUB_BLOCK; place += 1) {
    sums.products[place] = product;
    sums.lesser[place] = weight * (1 - 2 * SHIFT);
    sums.greater[place] = weight * (1 + 2 * SHIFT);
    if (place == SUB_BLOCK) break;
    // A sum is never -0, so that adding 0 leaves it as it is.
    product += float_of(bits_of(products[place]) & own[place]);
    weight += float_of(bits_of(weights[place]) & own[place]);
  }
  sums.weight = weight;
  for (int down = 0; down < 2; down += 1) {
    const float highest = down ? 1 - SHIFT : 1 + SHIFT;
    sums.highest_products[down] = product * highest;
    sums.highest_squares[down] = weight * highest * highest;
  }
}

// Sums of both groups; the members of the first are marked, and the marks sorted with the values.
QUANTALOUPE_INLINE void sum_sorted(const vfloat *x, const vfloat *w, const vint (&ranks)[SUB_BLOCK],
                                   GroupSums (&sums)[GROUPS]) {
  vfloat values[SUB_BLOCK];
  for (int i = 0; i < SUB_BLOCK; i += 1) values[i] = w[i] * x[i];
  vfloat products[SUB_BLOCK];
  vfloat weights[SUB_BLOCK];
  vfloat members[SUB_BLOCK];
  sort_by_rank(values, ranks, products);
  sort_by_rank(w, ranks, weights);
  for (int i = 0; i < SUB_BLOCK; i += 1) values[i] = float_of(splat(i < GROUP ? -1 : 0));
  sort_by_rank(values, ranks, members);
  vint own[SUB_BLOCK];
  for (int i = 0; i < SUB_BLOCK; i += 1) own[i] = bits_of(members[i]);
  sum_group(products, weights, own, sums[0]);
  for (int i = 0; i < SUB_BLOCK; i += 1) own[i] = ~own[i];
  sum_group(products, weights, own, sums[1]);
}

// w q x and w q q of a split by pairs of shifts: bit 1 of a pair's number is set where the first group is
// shifted downwards, bit 0 for the second.
struct PairSums {
  vfloat products[4];
  vfloat squares[4];
};

QUANTALOUPE_INLINE PairSums sum_split(const GroupSums (&groups)[GROUPS], int first, int second) {
  vfloat products[GROUPS][2];
  vfloat squares[GROUPS][2];
  for (int k = 0; k < GROUPS; k += 1) {
    const GroupSums &group = groups[k];
    const vfloat taken = group.products[first] + group.products[second];
    products[k][0] = group.highest_products[0] - taken;
    products[k][1] = group.highest_products[1] - taken;
    squares[k][0] = group.highest_squares[0] + group.lesser[first] - group.greater[second];
    squares[k][1] = group.highest_squares[1] + group.greater[first] - group.lesser[second];
  }
  PairSums sums;
  for (int pair = 0; pair < 4; pair += 1) {
    sums.products[pair] = products[0][pair >> 1] + products[1][pair & 1];
    sums.squares[pair] = squares[0][pair >> 1] + squares[1][pair & 1];
  }
  return sums;
}

// The best score among splits with as many values below the first cut as behind the second.
QUANTALOUPE_INLINE vfloat even_score(const GroupSums (&groups)[GROUPS]) {
  vfloat score = {};
  for (int first = 1; first <= SUB_BLOCK / 2; first += 1) {
    const PairSums sums = sum_split(groups, first, SUB_BLOCK - first);
    for (int pair = 0; pair < 4; pair += 1) {
      score = maximum(sums.products[pair] * sums.products[pair] / sums.squares[pair], score);
    }
  }
  return score;
}

// Every way to cut the sorted values in three, with every pair of shifts.
QUANTALOUPE_INLINE Split search_split(const vfloat *x, const vfloat *w, const vint (&ranks)[SUB_BLOCK]) {
  GroupSums groups[GROUPS];
  sum_sorted(x, w, ranks, groups);
  Split best = start_search(even_score(groups), groups[0].weight + groups[1].weight);
  for (int first = 0; first <= SUB_BLOCK; first += 1) {
    for (int second = first; second <= SUB_BLOCK; second += 1) {
      const PairSums sums = sum_split(groups, first, second);
      vint any_pair = {};
      for (int pair = 0; pair < 4; pair += 1) {
        any_pair |= contenders(best, sums.products[pair], sums.squares[pair]);
      }
      if (!any(any_pair)) continue;
      for (int pair = 0; pair < 4; pair += 1) {
        compare_split(best, sums.products[pair], sums.squares[pair], first, second, pair);
      }
    }
  }
  return best;
}

// Writes points, their high bits and the shifts of sub-block j.
void write_sub_block(const BlockBatch &batch, int j, uint32_t lanes, const PlacedGroups<GROUPS> &placed) {
  for (int lane = 0; lane < batch.count; lane += 1) {
    if (!(lanes >> lane & 1)) continue;
    int high = 0;
    for (int k = 0; k < GROUPS; k += 1) {
      const int point = placed.points[k][lane];
      batch.out[lane][GROUPS * j + k] = (uint8_t)point;
      high |= (point >> 8 | (placed.downwards[k][lane] & 8)) << (4 * k);
    }
    batch.out[lane][HIGH + j] = (uint8_t)high;
  }
}

// Adds the scale codes of four sub-blocks and four bits of d per word. Blocks without a scale stay as they
// are.
void write_words(const BlockBatch &batch, uint32_t lanes, const vint (&codes)[SUB_BLOCKS], vint halves) {
  for (int word = 0; word < 4; word += 1) {
    vint bits = (halves >> (4 * word) & 15) << 12;
    for (int j = 0; j < 4; j += 1) bits |= codes[4 * word + j] << (3 * j);
    for (int lane = 0; lane < batch.count; lane += 1) {
      if (lanes >> lane & 1) store_half(batch.out[lane] + WORDS + 2 * word, (uint16_t)bits[lane]);
    }
  }
}

// Codes and shifts of all groups of a batch, as stored.
struct StoredGroups {
  vint codes[SUB_BLOCKS][GROUPS];
  vint downwards[SUB_BLOCKS][GROUPS];
};

// d by least squares over the block with these scale codes, `start` where that has no answer.
QUANTALOUPE_INLINE vfloat fit_d(const Columns &columns, const StoredGroups &stored,
                                const vint (&codes)[SUB_BLOCKS], vfloat start) {
  vfloat products = {};
  vfloat squares = {};
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    const vfloat multiple = to_float(2 * codes[j] + 1);
    for (int k = 0; k < GROUPS; k += 1) {
      const int at = SUB_BLOCK * j + GROUP * k;
      add_products(columns.x + at, columns.w + at, stored.codes[j][k], stored.downwards[j][k], multiple,
                   products, squares);
    }
  }
  return select(squares > 0, products / squares, start);
}

void write_scales(const BlockBatch &batch, const Columns &columns, const StoredGroups &stored,
                  const vfloat (&scales)[SUB_BLOCKS]) {
  vfloat largest = {};
  for (int j = 0; j < SUB_BLOCKS; j += 1) largest = maximum(largest, scales[j]);
  const vfloat start = largest / 15.f;
  const vfloat inverse = 1.f / start;
  vint codes[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) codes[j] = scale_code(scales[j], inverse);
  const vfloat d = fit_d(columns, stored, codes, start);
  const vint halves = select(d == d, float_to_half(d * ENLARGED), splat(NOT_A_NUMBER));
  write_words(batch, mask_bits(largest > 0), codes, halves);
}

void quantize_batch(const BlockBatch &batch) {
  const Grid &points = grid(GridId::IQ1);
  Columns columns;
  load_block_columns(batch, columns);
  for (int lane = 0; lane < batch.count; lane += 1) memset(batch.out[lane], 0, BYTES);
  StoredGroups stored;
  vfloat scales[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    PlacedGroups<GROUPS> placed;
    const auto downwards = [](vint shifts, int k) { return (shifts & (k == 0 ? 2 : 1)) != 0; };
    const uint32_t lanes = quantize_sub_block(points, batch, columns, SUB_BLOCK * j, ALL_ZERO, search_split,
                                              downwards, placed);
    write_sub_block(batch, j, lanes, placed);
    scales[j] = placed.scale;
    for (int k = 0; k < GROUPS; k += 1) {
      stored.codes[j][k] = placed.codes[k];
      stored.downwards[j][k] = placed.downwards[k];
    }
  }
  write_scales(batch, columns, stored, scales);
}

void quantize(const Rows &rows) { for_each_block_batch<SUPER_BLOCK, BYTES>(rows, quantize_batch); }

int scale_bits(const uint8_t *bytes) {
  int bits = 0;
  for (int word = 0; word < 4; word += 1) bits |= bytes[WORDS + 2 * word + 1] >> 4 << (4 * word);
  return bits;
}

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  const Grid &points = grid(GridId::IQ1);
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES) {
    const float d = half_to_float((uint16_t)scale_bits(bytes));
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const int word = load_half(bytes + WORDS + 2 * (j >> 2));
      const float scale = d * (float)(2 * (word >> (3 * (j & 3)) & 7) + 1);
      for (int k = 0; k < GROUPS; k += 1, out += GROUP) {
        const int high = bytes[HIGH + j] >> (4 * k);
        const int point = bytes[GROUPS * j + k] | (high & 7) << 8;
        decode_group(points.points[point], scale, high & 8, out);
      }
    }
  }
}

}  // namespace

extern const FormatKernel kernel_IQ1_M = {"IQ1_M", SUPER_BLOCK, BYTES, quantize, dequantize,
                                          &optimal_IQ1_M};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
