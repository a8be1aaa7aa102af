// Q4_1 and Q5_1: the twin of main/engine/quantizers/optimal/affine.ts.
#include "affine_exhaustive.h"
#include "affine_starts.h"
#include "ggml_error_weights.h"
#include "optimal_kernels.h"
#include "q4_1.h"
#include "q5_1.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace affine {
namespace {

constexpr int MOST_ROUNDINGS = 4;

// The error, which becomes the best if it is less.
double keep_better(const Block &block, double scale, double minimum, const uint8_t *codes, Found &best) {
  const double error = block.error_of(scale, minimum, codes);
  if (error < best.error) {
    best = {scale, minimum, error, {}};
    memcpy(best.codes, codes, sizeof best.codes);
  }
  return error;
}

// The best f16 pair to the codes, the nearest codes to that pair, and so on while the error falls.
void settle(const Block &block, int steps, uint8_t *codes, Found &best) {
  double last = __builtin_inf();
  for (int rounding = 0; rounding < MOST_ROUNDINGS; rounding += 1) {
    const CodeSums sums(block, codes);
    if (!(sums.spread(block.total_weight) > 0)) return;
    const HalfPair pair = best_half_pair(block, sums);
    if (!(pair.scale > 0)) return;
    block.round(pair.scale, pair.minimum, steps, codes);
    const double error = keep_better(block, pair.scale, pair.minimum, codes, best);
    if (!(error < last)) return;
    last = error;
  }
}

void search_block(const Block &block, const Starts &starts, int lane, int steps, Found &best) {
  best = {};
  if (!block.counts) return;
  best.minimum = nearest_half(block.mean);
  best.error = block.error_of(0, best.minimum, best.codes);
  if (block.low == block.high) {
    uint8_t ones[LEGACY_BLOCK];
    memset(ones, 1, sizeof ones);
    keep_better(block, nearest_half(block.mean - best.minimum), best.minimum, ones, best);
    return;
  }
  for (int s = 0; s < STARTS; s += 1) {
    if (!(starts.gain[s][lane] > 0)) return;
    uint8_t codes[LEGACY_BLOCK];
    polish_codes(block, steps, starts.scale[s][lane], starts.minimum[s][lane], codes);
    settle(block, steps, codes, best);
  }
}

template <typename Format>
void write_block(const Found &found, uint8_t *out) {
  store_half(out, float_to_half((float)found.scale));
  store_half(out + 2, float_to_half((float)found.minimum));
  const bytes16 codes[2] = {load_bytes(found.codes), load_bytes(found.codes + 16)};
  Format::pack(codes, out);
}

// Block `at` and those that follow; behind the last one it is repeated.
void load_blocks(const SearchedBlocks &searched, size_t at, Block (&blocks)[AT_ONCE]) {
  for (size_t i = 0; i < (size_t)AT_ONCE; i += 1) {
    const size_t place = at + i < searched.count ? at + i : searched.count - 1;
    blocks[i].load(searched.weights + place * LEGACY_BLOCK, searched.error_weights + place * LEGACY_BLOCK);
  }
}

template <typename Format, bool EXHAUSTIVE>
void search(const SearchedBlocks &searched) {
  constexpr int STEPS = Format::MAX_CODE;
  Block blocks[AT_ONCE];
  BlockLanes lanes;
  Starts starts[GROUPS];
  for (size_t at = 0; at < searched.count; at += AT_ONCE) {
    load_blocks(searched, at, blocks);
    lanes.load(blocks, STEPS);
    find_starts(lanes, STEPS, starts);
    for (int i = 0; i < AT_ONCE && at + i < searched.count; i += 1) {
      Found found;
      search_block(blocks[i], starts[i / DOUBLES], i % DOUBLES, STEPS, found);
      if (EXHAUSTIVE && blocks[i].counts) scan_scales(blocks[i], STEPS, found);
      write_block<Format>(found, searched.out + (at + i) * (4 * Format::WORDS));
    }
  }
}

}  // namespace
}  // namespace affine

const OptimalKernel optimal_Q4_1 = {affine::search<Q4_1, false>, weigh_legacy_row,
                                    affine::search<Q4_1, true>};
const OptimalKernel optimal_Q5_1 = {affine::search<Q5_1, false>, weigh_legacy_row,
                                    affine::search<Q5_1, true>};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
