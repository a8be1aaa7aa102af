// The searches of IQ2 and IQ3 formats; the twin of main/engine/quantizers/optimal/grid-search.ts and grid-weights.ts.
#pragma once

#include "ggml_error_weights.h"
#include "grid_scale.h"
#include "kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// For a format F, besides what GridBlock wants:
//   BYTES      of a block
//   pack       writes a block
template <typename F>
struct GridSearch {
  static void search(const SearchedBlocks &blocks) { run(blocks, false); }
  static void exhaust(const SearchedBlocks &blocks) { run(blocks, true); }

 private:
  struct State {
    GridBlock<F> block;
    GridScale<F> scale;
  };

  static void run(const SearchedBlocks &blocks, bool exhaustive) {
    State *const state = new State;
    GridChoice<F> choice;
    for (size_t i = 0; i < blocks.count; i += 1) {
      const int half = load_half(blocks.reference + i * F::BYTES);
      state->block.load(blocks.weights + i * SUPER_BLOCK, blocks.error_weights + i * SUPER_BLOCK);
      if (exhaustive) state->scale.exhaust(state->block, half, choice);
      else state->scale.search(state->block, half, choice);
      F::pack(choice, blocks.out + i * F::BYTES);
    }
    delete state;
  }
};

// What ggml's own search minimises: importance times the root of (variance + squared weight); without importance the
// squared weight and `alone` times the variance.
static inline void weigh_grid_row(const float *weights, const float *importance, size_t row_length, float multiple,
                                  float alone, double *out) {
  const auto variance_of = [=](float sum) { return multiple * sum / SUPER_BLOCK; };
  if (importance) return weigh_blocks<SUPER_BLOCK>(weights, importance, row_length, out, variance_of);
  for (size_t at = 0; at < row_length; at += SUPER_BLOCK) {
    const float least = alone * variance_of(sum_of_squares(weights + at, SUPER_BLOCK));
    for (size_t i = at; i < at + SUPER_BLOCK; i += 1) out[i] = least + weights[i] * weights[i];
  }
}

// Codes of 4 bits, two to a byte, the first in its low half.
template <int COUNT>
QUANTALOUPE_INLINE void write_code_pairs(const uint8_t (&codes)[COUNT], uint8_t *out) {
  for (int j = 0; j < COUNT; j += 2) out[j / 2] = (uint8_t)(codes[j] | codes[j + 1] << 4);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
