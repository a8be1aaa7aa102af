// A super-block of a format with grid points, as lines: the least error of each sub-block under any scale; the twin of
// main/engine/quantizers/optimal/grid-block.ts.
#pragma once

#include "grid_envelope.h"
#include "grid_groups.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int SUPER_BLOCK = 256;
// Weights that share a byte of signs: one point of 8 magnitudes, or two of 4.
constexpr int EIGHT = 8;
constexpr int EIGHTS = SUPER_BLOCK / EIGHT;

// What is stored of a super-block.
template <typename F>
struct GridChoice {
  uint16_t half;  // bits of the f16 scale
  uint8_t codes[SUPER_BLOCK / F::SUB_BLOCK];
  uint16_t points[SUPER_BLOCK / F::DIMENSIONS];
  uint8_t signs[EIGHTS];  // bit i of byte k: weight i of eight k
};

// For a format F, besides what GridGroups wants:
//   UNIT         a weight decodes to d * UNIT * (1 + 2 code of its sub-block) * level
//   SUB_BLOCK    weights that share a scale code
//   EVEN_SIGNS   the number of minus signs of eight weights must be even
template <typename F>
class GridBlock {
  // Of two groups of 4, either can have its sign turned round: two sums of two lists each.
  static constexpr int MOST = F::DIMENSIONS == 8 ? F::SIZE : 4 * F::SIZE;
  static constexpr int PARTS = F::SUB_BLOCK / EIGHT;

 public:
  static constexpr int SUB_BLOCKS = SUPER_BLOCK / F::SUB_BLOCK;

  // The lowest lines of all sub-blocks; those of sub-block j lie from ends[j] to before ends[j + 1].
  Lines<EIGHTS * MOST> lines;
  int ends[SUB_BLOCKS + 1];

  void load(const float *weights, const double *error_weights) {
    weights_ = weights;
    error_weights_ = error_weights;
    eights_.count = 0;
    eight_ends_[0] = 0;
    for (int eight = 0; eight < EIGHTS; eight += 1) {
      if (F::DIMENSIONS == 8) append_point(eight);
      else append_two_points(eight);
      eight_ends_[eight + 1] = eights_.count;
    }
    lines.count = 0;
    ends[0] = 0;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      for (int k = 0; k < PARTS; k += 1) {
        from_[k] = eight_ends_[PARTS * j + k];
        to_[k] = eight_ends_[PARTS * j + k + 1];
      }
      append_sum<PARTS>(eights_, 0, lines);
      ends[j + 1] = lines.count;
    }
  }

  // Fills points and signs under the scale and the codes of a choice.
  void read_points(double d, GridChoice<F> &choice) const {
    for (int eight = 0; eight < EIGHTS; eight += 1) {
      const double scale = d * (F::UNIT * (1 + 2 * choice.codes[eight / PARTS]));
      const int place = eights_.lowest_at(scale, eight_ends_[eight], eight_ends_[eight + 1]);
      read_eight(eight, eights_.labels[place], choice);
    }
  }

 private:
  // Labels of two points of 4: 9 bits each, and above them which of the two has a sign turned round (0 none, 1, 2).
  static constexpr int POINT_BITS = 9;
  static constexpr int TURNED_AT = 2 * POINT_BITS;
  static constexpr uint32_t POINT_MASK = (1 << POINT_BITS) - 1;
  // The lists of two groups of 4: as the signs are, and with the cheapest one turned round.
  enum Four { FIRST, FIRST_TURNED, SECOND, SECOND_TURNED };

  void read_eight(int eight, uint32_t label, GridChoice<F> &choice) const {
    uint32_t bits = signs_of(eight);
    if (F::DIMENSIONS == 8) {
      choice.points[eight] = (uint16_t)label;
      if (must_turn(bits)) bits ^= 1u << cheapest_sign((int)label, EIGHT * eight);
    } else {
      const int first = (int)(label & POINT_MASK);
      const int second = (int)(label >> POINT_BITS & POINT_MASK);
      const uint32_t turned = label >> TURNED_AT;
      choice.points[2 * eight] = (uint16_t)first;
      choice.points[2 * eight + 1] = (uint16_t)second;
      if (turned == 1) bits ^= 1u << cheapest_sign(first, EIGHT * eight);
      if (turned == 2) bits ^= 16u << cheapest_sign(second, EIGHT * eight + 4);
    }
    choice.signs[eight] = (uint8_t)bits;
  }

  int cheapest_sign(int point, int at) const {
    return groups_.cheapest_sign(point, weights_ + at, error_weights_ + at);
  }

  uint32_t signs_of(int eight) const {
    uint32_t bits = 0;
    for (int i = 0; i < EIGHT; i += 1) bits |= (uint32_t)(weights_[EIGHT * eight + i] < 0) << i;
    return bits;
  }

  static bool must_turn(uint32_t signs) { return F::EVEN_SIGNS && __builtin_parity(signs); }

  void append_point(int eight) {
    groups_.load(weights_ + EIGHT * eight, error_weights_ + EIGHT * eight);
    const bool turns = must_turn(signs_of(eight));
    if (turns) groups_.turn();
    envelope_.append(groups_.slopes, turns ? groups_.turned_offsets : groups_.offsets, F::SIZE, eights_);
  }

  void append_two_points(int eight) {
    const bool turns = must_turn(signs_of(eight));
    fours_.count = 0;
    append_four(EIGHT * eight, turns, 0);
    append_four(EIGHT * eight + 4, turns, 1);
    if (turns) append_turned_sum();
    else append_sum_of_fours(FIRST, SECOND, 0, eights_);
  }

  // Appends the lines of a group of 4, and those with a sign turned round if any may be.
  void append_four(int at, bool turns, int place) {
    groups_.load(weights_ + at, error_weights_ + at);
    envelope_.append(groups_.slopes, groups_.offsets, F::SIZE, fours_);
    four_ends_[2 * place + 1] = fours_.count;
    if (turns) {
      groups_.turn();
      envelope_.append(groups_.slopes, groups_.turned_offsets, F::SIZE, fours_);
    }
    four_ends_[2 * place + 2] = fours_.count;
  }

  // One sign must be turned round: in the first group, or in the second.
  void append_turned_sum() {
    pairs_.count = 0;
    append_sum_of_fours(FIRST_TURNED, SECOND, 1u << TURNED_AT, pairs_);
    append_sum_of_fours(FIRST, SECOND_TURNED, 2u << TURNED_AT, pairs_);
    const int start = eights_.count;
    pairs_.pad();
    envelope_.append(pairs_.slopes, pairs_.offsets, pairs_.count, eights_);
    for (int place = start; place < eights_.count; place += 1) {
      eights_.labels[place] = pairs_.labels[eights_.labels[place]];
    }
  }

  template <typename Out>
  void append_sum_of_fours(Four first, Four second, uint32_t label, Out &out) {
    from_[0] = four_ends_[first];
    to_[0] = four_ends_[first + 1];
    from_[1] = four_ends_[second];
    to_[1] = four_ends_[second + 1];
    append_sum<2>(fours_, label, out);
  }

  // Appends the lowest sums of the lines from from_[k] to before to_[k]. Labels tell two points apart, no more.
  template <int LISTS, typename In, typename Out>
  void append_sum(const In &of, uint32_t label, Out &out) {
    for (double start = 0;;) {
      double slope = 0;
      double offset = 0;
      uint32_t joined = label;
      for (int k = 0; k < LISTS; k += 1) {
        const int place = from_[k];
        slope += of.slopes[place];
        offset += of.offsets[place];
        joined |= of.labels[place] << (POINT_BITS * k & 31);
      }
      out.append(start, slope, offset, joined);
      const int next = next_to_change<LISTS>(of);
      if (next < 0) return;
      from_[next] += 1;
      start = of.starts[from_[next]];
    }
  }

  // The list whose next line starts first, the first of equals; -1 where all have ended.
  template <int LISTS, typename In>
  int next_to_change(const In &of) const {
    double least = __builtin_inf();
    int chosen = -1;
    for (int k = 0; k < LISTS; k += 1) {
      const int next = from_[k] + 1;
      if (next == to_[k]) continue;
      const double start = of.starts[next];
      if (chosen >= 0 && !(start < least)) continue;
      least = start;
      chosen = k;
    }
    return chosen;
  }

  const float *weights_;
  const double *error_weights_;
  GridGroups<F> groups_;
  Envelope<MOST> envelope_;
  Lines<EIGHTS * MOST> eights_;
  int eight_ends_[EIGHTS + 1];
  Lines<MOST> fours_;
  int four_ends_[5] = {};
  Lines<MOST> pairs_;
  int from_[4];
  int to_[4];
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
