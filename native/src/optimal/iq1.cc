// The best choice of IQ1_S and IQ1_M; twins: main/engine/quantizers/optimal/iq1-search.ts, writeBlock and
// ggmlErrorWeights in iq1-s.ts and iq1-m.ts.
#include "ggml_error_weights.h"
#include "half.h"
#include "iq1_points.h"
#include "kernels.h"
#include "optimal_kernels.h"
#include "scale_multiples.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BLOCK = 256;
constexpr int GROUPS = BLOCK / GROUP;
constexpr int SCALE_CODES = 8;
// Of d, by scale code.
constexpr double MULTIPLES[SCALE_CODES] = {1, 3, 5, 7, 9, 11, 13, 15};
constexpr uint16_t LARGEST_HALF = 0x7bff;
constexpr uint16_t NEGATIVE = 0x8000;

// What is stored of a block.
struct Iq1Block {
  uint16_t scale;               // f16 bits of d
  uint8_t scale_codes[GROUPS];  // sub-block j has the scale d * (2 * code + 1)
  int points[GROUPS];
  bool downwards[GROUPS];  // groups that are shifted downwards
};

struct Iq1S {
  static constexpr int BYTES = 50;
  static constexpr int SUB_BLOCK_GROUPS = 4;  // that share a scale
  static constexpr int SHIFT_GROUPS = 4;      // that share a shift

  static void write(const Iq1Block &block, uint8_t *out) {
    store_half(out, block.scale);
    for (int j = 0; j < 8; j += 1) {
      int word = block.downwards[4 * j] << 15 | block.scale_codes[j] << 12;
      for (int k = 0; k < 4; k += 1) {
        const int point = block.points[4 * j + k];
        out[2 + 4 * j + k] = (uint8_t)point;
        word |= point >> 8 << (3 * k);
      }
      store_half(out + 34 + 2 * j, (uint16_t)word);
    }
  }
};

struct Iq1M {
  static constexpr int BYTES = 56;
  static constexpr int SUB_BLOCK_GROUPS = 2;
  static constexpr int SHIFT_GROUPS = 1;

  static void write(const Iq1Block &block, uint8_t *out) {
    for (int group = 0; group < GROUPS; group += 1) out[group] = (uint8_t)block.points[group];
    for (int j = 0; j < 16; j += 1) out[32 + j] = (uint8_t)(high_bits(block, 2 * j) | high_bits(block, 2 * j + 1) << 4);
    for (int word = 0; word < 4; word += 1) {
      int bits = (block.scale >> (4 * word) & 15) << 12;
      for (int j = 0; j < 4; j += 1) bits |= block.scale_codes[4 * word + j] << (3 * j);
      store_half(out + 48 + 2 * word, (uint16_t)bits);
    }
  }

 private:
  static int high_bits(const Iq1Block &block, int group) {
    return block.points[group] >> 8 | block.downwards[group] << 3;
  }
};

template <typename Format>
class Iq1Search {
  static constexpr int SHIFT_GROUPS = Format::SHIFT_GROUPS;
  static constexpr int SUB_BLOCK_GROUPS = Format::SUB_BLOCK_GROUPS;
  static constexpr int SUB_BLOCKS = GROUPS / SUB_BLOCK_GROUPS;
  static constexpr int PARTS = SUB_BLOCK_GROUPS / SHIFT_GROUPS;
  static constexpr int SHIFTED_LINES = SHIFT_GROUPS * GROUP_LINES;
  static constexpr int SUB_BLOCK_LINES = 2 * SUB_BLOCK_GROUPS * GROUP_LINES;
  using ScaledLines = LineEnvelope<SCALE_CODES * SUB_BLOCK_LINES>;

 public:
  Iq1Search() : rows_(grid(GridId::IQ1)), points_(rows_) {}

  void search(const float *weights, const double *error_weights, uint8_t *out) {
    error_weights_ = error_weights;
    for (int i = 0; i < BLOCK; i += 1) mirrored_[i] = -weights[i];
    least_error_ = INFINITE;
    chosen_.scale = 0;
    memset(chosen_.scale_codes, 0, sizeof chosen_.scale_codes);
    choose_scales(weights, 0);
    choose_scales(mirrored_, NEGATIVE);
    weights_ = chosen_.scale & NEGATIVE ? mirrored_ : weights;
    for (int group = 0; group < GROUPS; group += SHIFT_GROUPS) choose_points(group);
    Format::write(chosen_, out);
  }

 private:
  void load_group(int group, int direction) {
    points_.take_group(weights_ + GROUP * group, error_weights_ + GROUP * group, LEVELS[direction]);
  }

  void find_sub_block_lines(int j) {
    for (int p = 0; p < PARTS; p += 1) find_part_lines(j * SUB_BLOCK_GROUPS + p * SHIFT_GROUPS, parts_[p]);
    sum_envelopes(sub_block_, parts_);
    unite_multiples(sub_block_, MULTIPLES, scaled_[j], tail_);
  }

  // Lines of the groups that share a shift, from group `first` on, whatever the shift.
  void find_part_lines(int first, LineEnvelope<2 * SHIFTED_LINES> &out) {
    for (int direction = 0; direction < 2; direction += 1) {
      for (int g = 0; g < SHIFT_GROUPS; g += 1) {
        load_group(first + g, direction);
        points_.find_envelope(groups_[g]);
      }
      sum_envelopes(shifted_[direction], groups_);
    }
    out.count = 0;
    for (const auto &lines : shifted_) merge(out, lines, 0, lines.count, 1, 0, shifted_tail_);
  }

  // Goes through the lines of the block: d and the scale codes, if they have the least error so far.
  void choose_scales(const float *weights, uint16_t sign) {
    weights_ = weights;
    for (int j = 0; j < SUB_BLOCKS; j += 1) find_sub_block_lines(j);
    for (EnvelopeSum<SUB_BLOCKS, SCALE_CODES * SUB_BLOCK_LINES> lines(scaled_);; lines.advance()) {
      const double slope = lines.slope();
      const double offset = lines.offset();
      const uint16_t half = nearest_finite(offset / (2 * slope));
      const double d = half_to_float(half);
      const double error = d * (d * slope - offset);
      if (error < least_error_) {
        least_error_ = error;
        chosen_.scale = sign | half;
        for (int j = 0; j < SUB_BLOCKS; j += 1) chosen_.scale_codes[j] = scaled_[j].labels[lines.place(j)];
      }
      if (lines.at_end()) return;
    }
  }

  // Shift and points of the groups that share a shift, from group `first` on; upwards where it makes no difference.
  void choose_points(int first) {
    const double multiple = MULTIPLES[chosen_.scale_codes[first / SUB_BLOCK_GROUPS]];
    const double scale = half_to_float(chosen_.scale & ~NEGATIVE) * multiple;
    double least = INFINITE;
    for (int direction = 0; direction < 2; direction += 1) {
      double sum = 0;
      int found[SHIFT_GROUPS];
      for (int g = 0; g < SHIFT_GROUPS; g += 1) {
        load_group(first + g, direction);
        found[g] = points_.nearest(scale);
        sum += points_.lowest();
      }
      // Sums that are no numbers leave the first.
      if (direction > 0 && !(sum < least)) continue;
      least = sum;
      for (int g = 0; g < SHIFT_GROUPS; g += 1) {
        chosen_.points[first + g] = found[g];
        chosen_.downwards[first + g] = direction > 0;
      }
    }
  }

  // The finite f16 next to a scale; 0 for what is not above it.
  static uint16_t nearest_finite(double scale) {
    const uint16_t half = float_to_half((float)(scale > 0 ? scale : 0));
    return half < LARGEST_HALF ? half : LARGEST_HALF;
  }

  float mirrored_[BLOCK];
  const float *weights_ = nullptr;  // what is searched at the moment: those of the block or these mirrored
  const double *error_weights_ = nullptr;
  double least_error_ = INFINITE;
  PointRows rows_;
  PointSearch points_;
  LineEnvelope<GROUP_LINES> groups_[SHIFT_GROUPS];
  LineEnvelope<SHIFTED_LINES> shifted_[2];
  LineEnvelope<2 * SHIFTED_LINES> parts_[PARTS];
  LineEnvelope<2 * SHIFTED_LINES> shifted_tail_;
  LineEnvelope<SUB_BLOCK_LINES> sub_block_;
  ScaledLines scaled_[SUB_BLOCKS];
  ScaledLines tail_;
  Iq1Block chosen_;
};

template <typename Format>
void search(const SearchedBlocks &blocks) {
  // Too large for the stacks of some threads.
  auto *const searcher = new Iq1Search<Format>;
  for (size_t block = 0; block < blocks.count; block += 1) {
    searcher->search(blocks.weights + block * BLOCK, blocks.error_weights + block * BLOCK,
                     blocks.out + block * Format::BYTES);
  }
  delete searcher;
}

// Importance times the root of (twice the mean square + squared weight); without importance the squared weights.
void ggml_error_weights(const float *weights, const float *importance, size_t row_length, double *out) {
  if (!importance) return square_singly(weights, row_length, out);
  weigh_blocks<BLOCK>(weights, importance, row_length, out, [](float sum) { return 2.f * sum / BLOCK; });
}

}  // namespace

extern const OptimalKernel optimal_IQ1_S = {search<Iq1S>, ggml_error_weights, nullptr};
extern const OptimalKernel optimal_IQ1_M = {search<Iq1M>, ggml_error_weights, nullptr};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
