// IQ1_S; layout and twin: main/engine/quantizers/iq1-s.ts (ggml-quants.c: quantize_row_iq1_s_impl).
#include "iq1_groups.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 50;
constexpr int SUB_BLOCK = 32;
constexpr int SUB_BLOCKS = 8;
constexpr int GROUPS = SUB_BLOCK / GROUP;
constexpr int POINTS = 2;
constexpr int WORDS = 34;
// Sub-blocks whose largest magnitude is below this are stored as point 0.
constexpr float ALL_ZERO = 1e-12f;

// Sums of w x and w over the sorted values before each place.
struct Sums {
  vfloat products[SUB_BLOCK + 1];
  vfloat weights[SUB_BLOCK + 1];
};

QUANTALOUPE_INLINE void sum_sorted(const vfloat *x, const vfloat *w, const vint (&ranks)[SUB_BLOCK],
                                   Sums &sums) {
  vfloat products[SUB_BLOCK];
  for (int i = 0; i < SUB_BLOCK; i += 1) products[i] = w[i] * x[i];
  vfloat sorted_products[SUB_BLOCK];
  vfloat sorted_weights[SUB_BLOCK];
  sort_by_rank(products, ranks, sorted_products);
  sort_by_rank(w, ranks, sorted_weights);
  sums.products[0] = sums.weights[0] = vfloat{};
  for (int i = 0; i < SUB_BLOCK; i += 1) {
    sums.products[i + 1] = sums.products[i] + sorted_products[i];
    sums.weights[i + 1] = sums.weights[i] + sorted_weights[i];
  }
}

// What the values behind the second cut add to the sums of a split, for both directions of the shift.
struct Rest {
  vfloat up_products;
  vfloat down_products;
  vfloat up_squares;
  vfloat down_squares;
};

constexpr float UP_LOW = -1 + SHIFT;
constexpr float UP_HIGH = 1 + SHIFT;
constexpr float DOWN_LOW = -1 - SHIFT;
constexpr float DOWN_HIGH = 1 - SHIFT;

QUANTALOUPE_INLINE void sum_rests(const Sums &sums, Rest (&rests)[SUB_BLOCK + 1]) {
  for (int second = 0; second <= SUB_BLOCK; second += 1) {
    const vfloat products = sums.products[SUB_BLOCK] - sums.products[second];
    const vfloat weights = sums.weights[SUB_BLOCK] - sums.weights[second];
    rests[second] = {products * UP_HIGH, products * DOWN_HIGH, weights * UP_HIGH * UP_HIGH,
                     weights * DOWN_HIGH * DOWN_HIGH};
  }
}

// w q x and w q q of a split with the shift in both directions.
struct SplitSums {
  vfloat up_products;
  vfloat up_squares;
  vfloat down_products;
  vfloat down_squares;
};

QUANTALOUPE_INLINE SplitSums sum_split(const Sums &sums, const Rest (&rests)[SUB_BLOCK + 1], int first,
                                       int second) {
  const vfloat products = sums.products[first];
  const vfloat weights = sums.weights[first];
  const vfloat middle = (sums.products[second] - products) * SHIFT;
  const vfloat middle_squares = (sums.weights[second] - weights) * SHIFT * SHIFT;
  const Rest &rest = rests[second];
  return {products * UP_LOW + middle + rest.up_products,
          weights * UP_LOW * UP_LOW + middle_squares + rest.up_squares,
          products * DOWN_LOW - middle + rest.down_products,
          weights * DOWN_LOW * DOWN_LOW + middle_squares + rest.down_squares};
}

// The best score among splits with as many values below the first cut as behind the second.
QUANTALOUPE_INLINE vfloat even_score(const Sums &sums, const Rest (&rests)[SUB_BLOCK + 1]) {
  vfloat score = {};
  for (int first = 1; first <= SUB_BLOCK / 2; first += 1) {
    const SplitSums split = sum_split(sums, rests, first, SUB_BLOCK - first);
    score = maximum(split.up_products * split.up_products / split.up_squares, score);
    score = maximum(split.down_products * split.down_products / split.down_squares, score);
  }
  return score;
}

// Every way to cut the sorted values in three, first with the shift upwards (0), then downwards (1).
QUANTALOUPE_INLINE Split search_split(const vfloat *x, const vfloat *w, const vint (&ranks)[SUB_BLOCK]) {
  Sums sums;
  sum_sorted(x, w, ranks, sums);
  Rest rests[SUB_BLOCK + 1];
  sum_rests(sums, rests);
  Split best = start_search(even_score(sums, rests), sums.weights[SUB_BLOCK]);
  for (int first = 0; first <= SUB_BLOCK; first += 1) {
    for (int second = first; second <= SUB_BLOCK; second += 1) {
      const SplitSums split = sum_split(sums, rests, first, second);
      const vint up = contenders(best, split.up_products, split.up_squares);
      const vint down = contenders(best, split.down_products, split.down_squares);
      if (!any(up | down)) continue;
      compare_split(best, split.up_products, split.up_squares, first, second, 0);
      compare_split(best, split.down_products, split.down_squares, first, second, 1);
    }
  }
  return best;
}

// Writes points, high bits and shift of sub-block j.
void write_sub_block(const BlockBatch &batch, int j, uint32_t lanes, const PlacedGroups<GROUPS> &placed) {
  for (int lane = 0; lane < batch.count; lane += 1) {
    if (!(lanes >> lane & 1)) continue;
    uint8_t *out = batch.out[lane];
    int word = placed.downwards[0][lane] & 0x8000;
    for (int k = 0; k < GROUPS; k += 1) {
      const int point = placed.points[k][lane];
      out[POINTS + GROUPS * j + k] = (uint8_t)point;
      word |= point >> 8 << (3 * k);
    }
    store_half(out + WORDS + 2 * j, (uint16_t)word);
  }
}

// Writes d, enlarged by an eighth as in ggml, and the scale codes. Blocks without a scale stay as they are.
void write_scales(const BlockBatch &batch, const vfloat (&scales)[SUB_BLOCKS]) {
  vfloat largest = {};
  for (int j = 0; j < SUB_BLOCKS; j += 1) largest = maximum(largest, scales[j]);
  const uint32_t lanes = mask_bits(largest > 0);
  const vfloat d = largest / 15.f;
  const vint halves = float_to_half(d * 1.125f);
  const vfloat inverse = 1.f / d;
  vint codes[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) codes[j] = scale_code(scales[j], inverse);
  for (int lane = 0; lane < batch.count; lane += 1) {
    if (!(lanes >> lane & 1)) continue;
    uint8_t *out = batch.out[lane];
    store_half(out, (uint16_t)halves[lane]);
    for (int j = 0; j < SUB_BLOCKS; j += 1) out[WORDS + 2 * j + 1] |= (uint8_t)(codes[j][lane] << 4);
  }
}

void quantize_batch(const BlockBatch &batch) {
  const Grid &points = grid(GridId::IQ1);
  Columns columns;
  load_block_columns(batch, columns);
  for (int lane = 0; lane < batch.count; lane += 1) memset(batch.out[lane], 0, BYTES);
  vfloat scales[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    PlacedGroups<GROUPS> placed;
    const auto downwards = [](vint shifts, int) { return shifts != 0; };
    const uint32_t lanes = quantize_sub_block(points, batch, columns, SUB_BLOCK * j, ALL_ZERO, search_split,
                                              downwards, placed);
    write_sub_block(batch, j, lanes, placed);
    scales[j] = placed.scale;
  }
  write_scales(batch, scales);
}

void quantize(const Rows &rows) { for_each_block_batch<SUPER_BLOCK, BYTES>(rows, quantize_batch); }

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  const Grid &points = grid(GridId::IQ1);
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES) {
    const float d = half_to_float(load_half(bytes));
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const int word = load_half(bytes + WORDS + 2 * j);
      const float scale = d * (float)(2 * (word >> 12 & 7) + 1);
      for (int k = 0; k < GROUPS; k += 1, out += GROUP) {
        const int point = bytes[POINTS + GROUPS * j + k] | (word >> (3 * k) & 7) << 8;
        decode_group(points.points[point], scale, word & 0x8000, out);
      }
    }
  }
}

}  // namespace

extern const FormatKernel kernel_IQ1_S = {"IQ1_S", SUPER_BLOCK, BYTES, quantize, dequantize,
                                          &optimal_IQ1_S};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
