// TQ1_0 and TQ2_0 with the best f16 scale; the search is few_levels.h, a block's layout ternary_blocks.h.
#include "few_levels.h"
#include "ternary_blocks.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

// Signs follow the weights, so magnitudes and positive scales are all there is.
struct Ternary {
  static constexpr int COUNT = TERNARY_BLOCK;
  static constexpr int LARGEST = 1;

  static vdouble distance(vdouble weight, vdouble scale) { return minimum(magnitude(weight - scale), weight); }
};

uint16_t search_block(const float *weights, const double *error_weights, const float *keys) {
  LevelledBlock<Ternary> block;
  block.source = weights;
  block.error_weights = error_weights;
  double products[Ternary::COUNT];
  for (int i = 0; i < Ternary::COUNT; i += 1) {
    block.weights[i] = __builtin_fabs((double)weights[i]);
    products[i] = error_weights[i] * block.weights[i];
  }
  Pieces<Ternary::COUNT> pieces[1];
  add_up(keys, products, error_weights, pieces[0]);
  return search_half_scale(block, pieces);
}

// Codes of the nearest levels; halfway between two it is the lower. A scale of 0 has all codes on 0.
void encode(const float *weights, float d, TernaryCodes &codes) {
  for (int chunk = 0; chunk < Ternary::COUNT / 16; chunk += 1, weights += 16) {
    vint parts[16 / LANES];
    for (int i = 0; i < 16 / LANES; i += 1) {
      const vfloat weight = load(weights + LANES * i);
      parts[i] = d > 0 ? -(weight > splat(-0.5f * d)) - (weight > splat(0.5f * d)) : splat(1);
    }
    codes[chunk] = narrow(parts);
  }
}

// Blocks in lanes, as far as sorting goes.
template <typename Store>
QUANTALOUPE_INLINE void search(const SearchedBlocks &blocks, Store store_block) {
  for (size_t first = 0; first < blocks.count; first += LANES) {
    const float *weights[LANES];
    for (int lane = 0; lane < LANES; lane += 1) {
      const size_t block = first + lane < blocks.count ? first + lane : blocks.count - 1;
      weights[lane] = blocks.weights + block * Ternary::COUNT;
    }
    vfloat keys[Ternary::COUNT];
    load_columns(weights, keys);
    for (int i = 0; i < Ternary::COUNT; i += 1) keys[i] = numbered_breakpoint(magnitude(keys[i]), i);
    sort_descending(keys);
    for (int lane = 0; lane < LANES && first + lane < blocks.count; lane += 1) {
      const double *error_weights = blocks.error_weights + (first + lane) * Ternary::COUNT;
      const uint16_t d = search_block(weights[lane], error_weights, (const float *)keys + lane);
      TernaryCodes codes;
      encode(weights[lane], half_to_float(d), codes);
      store_block(codes, d, first + lane);
    }
  }
}

void search_tq1(const SearchedBlocks &blocks) {
  search(blocks, [&](const TernaryCodes &codes, uint16_t d, size_t block) {
    store_tq1(codes, d, blocks.out + TQ1_BYTES * block);
  });
}

void search_tq2(const SearchedBlocks &blocks) {
  search(blocks, [&](const TernaryCodes &codes, uint16_t d, size_t block) {
    store_tq2(codes, d, blocks.out + TQ2_BYTES * block);
  });
}

}  // namespace

extern const OptimalKernel optimal_TQ1_0 = {search_tq1, nullptr, nullptr};
extern const OptimalKernel optimal_TQ2_0 = {search_tq2, nullptr, nullptr};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
