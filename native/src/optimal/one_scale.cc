// Q4_0, Q5_0, Q8_0 and IQ4_NL for the least error; twins: main/engine/quantizers/optimal/one-scale.ts and
// ggml-weights.ts beside it.
#include "ggml_error_weights.h"
#include "legacy_packing.h"
#include "one_scale_search.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

// A format adds to its grid
//   BYTES              of a block, which begins with d
//   STEPS              scales that one trial speaks for, from round to round; the last is 1
//   pack(codes, block) writes the codes behind d

struct Q4_0 : IntegerGrid<-8, 7> {
  static constexpr int BYTES = 18;
  static constexpr int STEPS[] = {32, 4, 1};
  static void pack(const bytes16 (&codes)[2], uint8_t *block) { pack_nibbles(codes, block + 2); }
};

struct Q5_0 : IntegerGrid<-16, 15> {
  static constexpr int BYTES = 22;
  static constexpr int STEPS[] = {16, 1};
  static void pack(const bytes16 (&codes)[2], uint8_t *block) {
    pack_fifths(codes, block + 2);
    pack_nibbles(codes, block + 6);
  }
};

struct Q8_0 : IntegerGrid<-128, 127> {
  static constexpr int BYTES = 34;
  static constexpr int STEPS[] = {4, 1};
  static void pack(const bytes16 (&codes)[2], uint8_t *block) {
    store_bytes(block + 2, codes[0] - 128);
    store_bytes(block + 18, codes[1] - 128);
  }
};

struct IQ4_NL : Iq4Grid {
  static constexpr int BYTES = 18;
  static constexpr int STEPS[] = {64, 8, 1};
  static void pack(const bytes16 (&codes)[2], uint8_t *block) { pack_nibbles(codes, block + 2); }
};

template <typename Format>
void evaluate_all(const float *weights, const double *error_weights, const int32_t *scales, int count,
                  BestScale &best) {
  for (int at = 0; at < count; at += DOUBLES) {
    int32_t bits[DOUBLES];
    for (int lane = 0; lane < DOUBLES; lane += 1) bits[lane] = at + lane < count ? scales[at + lane] : 0;
    evaluate_exactly<Format>(weights, error_weights, bits, best);
  }
}

// The error that remains if every weight within reach of the levels is decoded exactly, as in one-scale.ts.
template <typename Format>
double error_cut_off(const float *weights, const double *error_weights, double sign, double scale) {
  double sum = 0;
  for (int i = 0; i < SCALED_BLOCK; i += 1) {
    const double weight = sign * (double)weights[i];
    const double high = weight - scale * Format::HIGHEST;
    const double low = scale * Format::LOWEST - weight;
    const double error = high > 0 ? high : low > 0 ? low : 0;
    sum += error_weights[i] * (error * error);
  }
  return sum;
}

// Whether no f16 lowers the computed error below that of 0, as in one-scale.ts.
template <typename Format>
bool is_too_large(const float *weights, const double *error_weights, double energy) {
  return error_cut_off<Format>(weights, error_weights, 1, 65504) >= energy &&
         error_cut_off<Format>(weights, error_weights, -1, 65504) >= energy;
}

// The least f16 that does not cut off more than a known error; one beyond the largest where all do.
template <typename Format>
int32_t least_reaching(const float *weights, const double *error_weights, double sign, double known_error) {
  int32_t low = 1;
  int32_t high = LARGEST_HALF + 1;
  while (low < high) {
    const int32_t middle = (low + high) / 2;
    const double scale = half_to_float((uint16_t)middle);
    if (error_cut_off<Format>(weights, error_weights, sign, scale) <= known_error) high = middle;
    else low = middle + 1;
  }
  return low;
}

// For weights of unusual size: every scale of the range is evaluated.
template <typename Format>
void search_everything(const float *weights, const double *error_weights, const BlockExtent &extent,
                       BestScale &best) {
  const int32_t zero = 0;
  evaluate_all<Format>(weights, error_weights, &zero, 1, best);
  if (!(best.error > 0) || is_too_large<Format>(weights, error_weights, best.error)) return;
  int32_t last[2];
  for (int negative = 0; negative < 2; negative += 1) {
    const double most = largest_scale<Format>(extent, negative);
    last[negative] = most > 0 ? half_above(most) : 0;
    // Where no f16 is large enough, the largest is good.
    const int32_t bits = last[negative] | negative * NEGATIVE;
    evaluate_all<Format>(weights, error_weights, &bits, 1, best);
  }
  for (int negative = 0; negative < 2; negative += 1) {
    int32_t scales[DOUBLES];
    int32_t bits = least_reaching<Format>(weights, error_weights, negative ? -1 : 1, best.error);
    while (bits <= last[negative]) {
      int count = 0;
      for (; count < DOUBLES && bits <= last[negative]; bits += 1) {
        scales[count] = bits | negative * NEGATIVE;
        count += 1;
      }
      evaluate_all<Format>(weights, error_weights, scales, count, best);
    }
  }
}

// False where trials in single precision do not tell scales apart.
template <typename Format, bool EVEN>
bool search_by_trials(const float *weights, const double *error_weights, const BlockExtent &extent,
                      BestScale &best) {
  using Search = ScaleSearch<Format>;
  TrialBlock block;
  load_trial_block<Format>(weights, error_weights, extent, block);
  Trials trials;
  Search::add_first_trials(extent, trials);
  Search::template try_all<EVEN>(block, 1, trials);
  if (!(block.best <= block.energy * (1 - 1e-5f))) return false;
  trials.count = 0;
  int step = Format::STEPS[0];
  if (!Search::add_range(block, extent, false, step, trials)) return false;
  if (!Search::add_range(block, extent, true, step, trials)) return false;
  Trials finer;
  for (const int next : Format::STEPS) {
    if (next == step) continue;
    Search::template try_all<EVEN>(block, step, trials);
    if (!Search::refine(block, step, next, trials, finer)) return false;
    trials.count = finer.count;
    memcpy(trials.bits, finer.bits, finer.count * sizeof *finer.bits);
    step = next;
  }
  Search::template try_all<EVEN>(block, 1, trials);
  if (!Search::refine(block, 1, 1, trials, finer) || !finer.add(0)) return false;
  evaluate_all<Format>(weights, error_weights, finer.bits, finer.count, best);
  return true;
}

template <typename Format>
BestScale search_block(const float *weights, const double *error_weights) {
  const BlockExtent extent = measure_extent(weights, error_weights);
  const double larger = extent.above > extent.below ? extent.above : extent.below;
  BestScale best;
  bool found = false;
  // Scales are then well below the largest f16, and magnitudes far from the ends of single precision.
  if (larger >= 0x1p-20 && larger <= 0x1p14) {
    found = extent.even ? search_by_trials<Format, true>(weights, error_weights, extent, best)
                        : search_by_trials<Format, false>(weights, error_weights, extent, best);
  }
  if (!found) search_everything<Format>(weights, error_weights, extent, best);
  return best;
}

template <typename Format>
void search(const SearchedBlocks &blocks) {
  for (size_t block = 0; block < blocks.count; block += 1) {
    const float *weights = blocks.weights + block * SCALED_BLOCK;
    uint8_t *out = blocks.out + block * Format::BYTES;
    const BestScale best = search_block<Format>(weights, blocks.error_weights + block * SCALED_BLOCK);
    bytes16 codes[2];
    codes_of<Format>(weights, best.bits, codes);
    store_half(out, (uint16_t)best.bits);
    Format::pack(codes, out);
  }
}

void weigh_iq4_row(const float *weights, const float *importance, size_t count, double *out) {
  if (!importance) return square_singly(weights, count, out);
  weigh_blocks<SCALED_BLOCK>(weights, importance, count, out, [](float sum) { return sum * (2.f / SCALED_BLOCK); });
}

}  // namespace

extern const OptimalKernel optimal_Q4_0 = {search<Q4_0>, weigh_legacy_row, nullptr};
extern const OptimalKernel optimal_Q5_0 = {search<Q5_0>, weigh_legacy_row, nullptr};
extern const OptimalKernel optimal_Q8_0 = {search<Q8_0>, nullptr, nullptr};
extern const OptimalKernel optimal_IQ4_NL = {search<IQ4_NL>, weigh_iq4_row, nullptr};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
