// Q2_K, Q4_K and Q5_K: scales, minima and codes chosen together; the twin of
// main/engine/quantizers/optimal/k-affine-search.ts.
#include "ggml_error_weights.h"
#include "k_affine_fit.h"
#include "k_affine_window.h"
#include "optimal_kernels.h"
#include "q2_k.h"
#include "q4_k.h"
#include "q5_k.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace k_affine {
namespace {

constexpr int ROUNDS = 16;

// Where a format keeps d, dmin and the codes of the sub-blocks, to read the reference's.
void read_codes(const uint8_t *bytes, const Q2K &, double (&scales)[16], double (&minima)[16], Pair &pair) {
  for (int j = 0; j < 16; j += 1) {
    scales[j] = bytes[j] & 15;
    minima[j] = bytes[j] >> 4;
  }
  pair = {half_to_float(load_half(bytes + Q2K::D)), half_to_float(load_half(bytes + Q2K::D + 2))};
}

void read_codes(const uint8_t *bytes, const SixBitScales &, double (&scales)[8], double (&minima)[8],
                Pair &pair) {
  const uint8_t *packed = bytes + 4;
  for (int j = 0; j < 4; j += 1) {
    scales[j] = packed[j] & 63;
    minima[j] = packed[j + 4] & 63;
    scales[j + 4] = (packed[j + 8] & 15) | packed[j] >> 6 << 4;
    minima[j + 4] = packed[j + 8] >> 4 | packed[j + 4] >> 6 << 4;
  }
  pair = {half_to_float(load_half(bytes)), half_to_float(load_half(bytes + 2))};
}

// Codes of LANES super-blocks, gathered to be packed together.
template <typename Format>
struct FoundCodes {
  static constexpr int SUB_BLOCKS = SubBlocks<Format>::COUNT;
  int32_t codes[SUPER_BLOCK][LANES] = {};
  int32_t scales[SUB_BLOCKS][LANES] = {};
  int32_t minima[SUB_BLOCKS][LANES] = {};
  int32_t d[LANES] = {};
  int32_t dmin[LANES] = {};

  void take(const AffineBlock<Format> &block, const AffineSolution<Format> &solution, int lane) {
    const auto &choices = solution.choices;
    double of_sub_blocks[SUB_BLOCKS];
    for (int v = 0; v < block.VECTORS; v += 1) {
      const vdouble inverse = inverse_of(solution.pair.d * choices.scales[v]);
      const vdouble minimum = solution.pair.dmin * choices.minima[v];
      for (int i = 0; i < block.SIZE; i += 1) {
        const vdouble found = block.nearest_code(block.weights[i][v], inverse, minimum);
        for (int j = 0; j < DOUBLES; j += 1) codes[(v * DOUBLES + j) * block.SIZE + i][lane] = (int32_t)found[j];
      }
    }
    choices.scales.store_to(of_sub_blocks);
    for (int j = 0; j < SUB_BLOCKS; j += 1) scales[j][lane] = (int32_t)of_sub_blocks[j];
    choices.minima.store_to(of_sub_blocks);
    for (int j = 0; j < SUB_BLOCKS; j += 1) minima[j][lane] = (int32_t)of_sub_blocks[j];
    d[lane] = float_to_half((float)solution.pair.d);
    dmin[lane] = float_to_half((float)solution.pair.dmin);
  }

  void pack(uint8_t *const (&out)[LANES], int count) const {
    ScaleCodes<Format> scale_codes;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      scale_codes.scales[j] = load(scales[j]);
      scale_codes.minima[j] = load(minima[j]);
    }
    scale_codes.d = load(d);
    scale_codes.dmin = load(dmin);
    vint words[Format::WORDS];
    Format::pack_scales(scale_codes, words);
    vint of_weights[SUB_BLOCKS][Format::COUNT];
    for (int i = 0; i < SUPER_BLOCK; i += 1) of_weights[i / Format::COUNT][i % Format::COUNT] = load(codes[i]);
    Format::pack_codes(of_weights, words);
    store_blocks(words, out, count);
  }
};

template <typename Format>
class SolutionSearch {
 public:
  // The best solution for a block; valid until the next search.
  const AffineSolution<Format> &search(const AffineBlock<Format> &block, const uint8_t *reference) {
    best_->error = __builtin_inf();
    start_from_fits(block);
    start_from_reference(block, reference);
    for (int round = 0; round < ROUNDS; round += 1) {
      const Pair pair = fit_pair(block, *best_);
      if (!improve(block, best_->choices, pair, pair)) break;
    }
    return *best_;
  }

 private:
  void start_from_fits(const AffineBlock<Format> &block) {
    fit_sub_blocks(block, fits_);
    mirror_fits(block, fits_, mirrored_);
    start_from(block, fits_);
    start_from(block, mirrored_);
  }

  void start_from(const AffineBlock<Format> &block, const Choices<Format> &fits) {
    const auto pairs = StartingPairs<Format>{block, fits}.best();
    for (int i = 0; i < pairs.count; i += 1) improve(block, fits, {1, 1}, pairs.items[i]);
  }

  void start_from_reference(const AffineBlock<Format> &block, const uint8_t *reference) {
    double scales[SubBlocks<Format>::COUNT], minima[SubBlocks<Format>::COUNT];
    Pair pair;
    read_codes(reference, Format(), scales, minima, pair);
    if (!__builtin_isfinite(pair.d) || !__builtin_isfinite(pair.dmin)) return;
    memcpy(given_.scales.of, scales, sizeof scales);
    memcpy(given_.minima.of, minima, sizeof minima);
    given_.code_sums = fits_.code_sums;
    improve(block, given_, pair, pair);
  }

  // Searches the window around a centre, in units of its own; whether that is better than the best.
  bool improve(const AffineBlock<Format> &block, const Choices<Format> &centre, Pair units, Pair pair) {
    search_window(block, centre, units, pair, *trial_);
    if (!(trial_->error < best_->error)) return false;
    AffineSolution<Format> *const replaced = best_;
    best_ = trial_;
    trial_ = replaced;
    return true;
  }

  AffineSolution<Format> solutions_[2];
  AffineSolution<Format> *best_ = solutions_;
  AffineSolution<Format> *trial_ = solutions_ + 1;
  Choices<Format> fits_, mirrored_, given_;
};

template <typename Format>
void search(const SearchedBlocks &blocks) {
  AffineBlock<Format> block;
  SolutionSearch<Format> search;
  for (size_t at = 0; at < blocks.count; at += LANES) {
    const int count = blocks.count - at < (size_t)LANES ? (int)(blocks.count - at) : LANES;
    FoundCodes<Format> found;
    uint8_t *out[LANES];
    for (int lane = 0; lane < LANES; lane += 1) {
      const size_t place = at + (lane < count ? lane : count - 1);
      out[lane] = blocks.out + place * Format::BYTES;
      if (lane >= count) continue;
      block.load_block(blocks.weights + place * SUPER_BLOCK, blocks.error_weights + place * SUPER_BLOCK);
      found.take(block, search.search(block, blocks.reference + place * Format::BYTES), lane);
    }
    found.pack(out, count);
  }
}

void plain_error_weights(const float *weights, const Q2K &, double *out) {
  for (int i = 0; i < Q2K::COUNT; i += 1) out[i] = __builtin_fabsf(weights[i]);
}

void plain_error_weights(const float *weights, const SixBitScales &, double *out) {
  const float average = __builtin_sqrtf(sum_of_squares(weights, SixBitScales::COUNT) / SixBitScales::COUNT);
  for (int i = 0; i < SixBitScales::COUNT; i += 1) out[i] = average + __builtin_fabsf(weights[i]);
}

// The twin of main/engine/quantizers/optimal/k-affine-error-weights.ts.
template <typename Format>
void ggml_error_weights(const float *weights, const float *importance, size_t row_length, double *out) {
  if (!importance) {
    for (size_t at = 0; at < row_length; at += Format::COUNT) {
      plain_error_weights(weights + at, Format(), out + at);
    }
    return;
  }
  weigh_blocks<SUPER_BLOCK>(weights, importance, row_length, out,
                            [](float sum) { return Format::VARIANCE * sum / SUPER_BLOCK; });
}

}  // namespace
}  // namespace k_affine

using k_affine::ggml_error_weights;
using k_affine::search;

extern const OptimalKernel optimal_Q2_K = {search<Q2K>, ggml_error_weights<Q2K>, nullptr};
extern const OptimalKernel optimal_Q4_K = {search<Q4K>, ggml_error_weights<Q4K>, nullptr};
extern const OptimalKernel optimal_Q5_K = {search<Q5K>, ggml_error_weights<Q5K>, nullptr};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
