// Lists of the lowest lines of many; the twin of main/engine/quantizers/optimal/grid-envelope.ts.
#pragma once

#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Lines slope t - offset in lists one behind the other; within a list slopes fall and starts rise from 0.
template <int CAPACITY>
struct Lines {
  double starts[CAPACITY];  // from where a line is the lowest of its list
  double slopes[CAPACITY + DOUBLES];  // whole vectors are read
  double offsets[CAPACITY + DOUBLES];
  uint32_t labels[CAPACITY];  // what a line stands for
  int count;

  void append(double start, double slope, double offset, uint32_t label) {
    starts[count] = start;
    slopes[count] = slope;
    offsets[count] = offset;
    labels[count] = label;
    count += 1;
  }

  // Fills a vector behind the last line with lines that are never lowest.
  void pad() {
    for (int i = 0; i < DOUBLES; i += 1) {
      slopes[count + i] = __builtin_inf();
      offsets[count + i] = -__builtin_inf();
    }
  }

  // Place of the lowest line under `scale` in the list from `from` to before `to`.
  int lowest_at(double scale, int from, int to) const {
    int first = from;
    int last = to - 1;
    while (first < last) {
      const int middle = (first + last + 1) >> 1;
      if (starts[middle] <= scale) first = middle;
      else last = middle - 1;
    }
    return first;
  }
};

// Finds the lowest lines between two that are, by the one that lies deepest below where those two cross, and so on
// on both sides of it. Of lines that tie everywhere the first counts.
template <int CAPACITY>
class Envelope {
 public:
  // Appends the lowest of `count` lines to `out` as a list, labelled by their places. Whole vectors are read: what
  // fills the last one must be lines that are never lowest (`Lines::pad`).
  template <typename Out>
  void append(const double *slopes, const double *offsets, int count, Out &out) {
    slopes_ = slopes;
    offsets_ = offsets;
    count_ = count;
    int first;
    int last;
    find_ends(first, last);
    out.append(0, slopes[first], offsets[first], (uint32_t)first);
    if (slopes[last] < slopes[first]) append_of_all(first, last, SCANS, out);
  }

 private:
  // How often intervals are halved before the lines that may be lowest are listed: most never are in shorter ones.
  static constexpr int SCANS = 2;

  // Lines below two that cross, and the deepest of them there.
  struct Side {
    double crossing;
    double limit;
    double least = limit;
    int deepest = -1;
    int count = 0;

    void keep(const Envelope &of, int line, uint16_t *kept) {
      const double value = of.slopes_[line] * crossing - of.offsets_[line];
      kept[count] = (uint16_t)line;
      count += value < limit;
      deepest = value < least ? line : deepest;
      least = value < least ? value : least;
    }
  };

  // Best lines of every lane and their places, which are those of the first lane and `lane` more.
  struct Best {
    vdouble keys;
    vdouble ties;
    vlong places;

    void take(vlong mask, vdouble key, vdouble tie, vlong place) {
      keys = select(mask, key, keys);
      ties = select(mask, tie, ties);
      places = select(mask, place, places);
    }

    // The place of the smallest key, of equals that of the smallest tie, of equals the first.
    int place() const {
      int best = 0;
      for (int lane = 1; lane < DOUBLES; lane += 1) {
        const bool equal = keys[lane] == keys[best];
        const bool first = equal && ties[lane] == ties[best] && places[lane] < places[best];
        if (keys[lane] < keys[best] || (equal && ties[lane] < ties[best]) || first) best = lane;
      }
      return (int)places[best];
    }
  };

  // The place of every lane.
  static vlong lane_places() {
    vlong places;
    for (int lane = 0; lane < DOUBLES; lane += 1) places[lane] = lane;
    return places;
  }

  // First: the largest offset; the smallest slope of those, and the first of them. Last: the smallest slope; the
  // largest offset of those, and the first of them.
  void find_ends(int &first, int &last) const {
    vlong places = lane_places();
    Best at_zero = {-load(offsets_), load(slopes_), places};
    Best at_infinity = {load(slopes_), -load(offsets_), places};
    for (int line = DOUBLES; line < count_; line += DOUBLES) {
      places += DOUBLES;
      const vdouble slope = load(slopes_ + line);
      const vdouble offset = -load(offsets_ + line);
      const vlong more = (offset < at_zero.keys) | ((offset == at_zero.keys) & (slope < at_zero.ties));
      const vlong less =
          (slope < at_infinity.keys) | ((slope == at_infinity.keys) & (offset < at_infinity.ties));
      at_zero.take(more, offset, slope, places);
      at_infinity.take(less, slope, offset, places);
    }
    first = at_zero.place();
    last = at_infinity.place();
  }

  // Appends the lowest of all lines after `first` up to `last`.
  template <typename Out>
  void append_of_all(int first, int last, int scans, Out &out) {
    const double crossing = crossing_of(first, last);
    const double limit = lower(first, last, crossing);
    if (scans == 0) return append_listed(first, last, crossing, limit, out);
    const int deepest = deepest_of_all(crossing, limit);
    if (deepest < 0 || !is_between(deepest, first, last)) return append_last(first, last, out);
    append_of_all(first, deepest, scans - 1, out);
    append_of_all(deepest, last, scans - 1, out);
  }

  // The first of the lowest lines under a scale, -1 if none is below the limit.
  int deepest_of_all(double scale, double limit) const {
    vlong places = lane_places();
    Best best = {splat(limit), vdouble{}, places};
    for (int line = 0; line < count_; line += DOUBLES, places += DOUBLES) {
      const vdouble values = load(slopes_ + line) * scale - load(offsets_ + line);
      const vlong mask = values < best.keys;
      best.keys = select(mask, values, best.keys);
      best.places = select(mask, places, best.places);
    }
    return any(best.keys < limit) ? best.place() : -1;
  }

  // Lists the lines below the crossing of two, and appends the lowest of them.
  template <typename Out>
  void append_listed(int first, int last, double crossing, double limit, Out &out) {
    Side side = {crossing, limit};
    for (int line = 0; line < count_; line += DOUBLES) {
      const vdouble values = load(slopes_ + line) * crossing - load(offsets_ + line);
      for (uint32_t bits = mask_bits(values < limit); bits; bits &= bits - 1) {
        const int place = line + __builtin_ctz(bits);
        if (is_between(place, first, last)) side.keep(*this, place, kept_);
      }
    }
    append_between(first, last, side.deepest, 0, side.count, out);
  }

  // Of lines that are lower than two where these cross only rounding can say that they are not.
  bool is_between(int line, int first, int last) const {
    return slopes_[line] < slopes_[first] && slopes_[line] > slopes_[last];
  }

  template <typename Out>
  void append_last(int first, int last, Out &out) const {
    const double start = crossing_of(first, last);
    const double previous = out.starts[out.count - 1];
    // Lines that are lowest at nearly one place may cross in the wrong order by rounding.
    out.append(start > previous ? start : previous, slopes_[last], offsets_[last], (uint32_t)last);
  }

  // Appends the lowest of listed lines after `first` up to `last`; see the twin.
  template <typename Out>
  void append_between(int first, int last, int deepest, int from, int to, Out &out) {
    if (deepest < 0) return append_last(first, last, out);
    const double slope = slopes_[deepest];
    const double left_crossing = crossing_of(first, deepest);
    const double right_crossing = crossing_of(deepest, last);
    Side left = {left_crossing, lower(first, deepest, left_crossing)};
    Side right = {right_crossing, lower(deepest, last, right_crossing)};
    for (int place = from; place < to; place += 1) {
      const int line = kept_[place];
      if (slopes_[line] > slope) left.keep(*this, line, kept_ + from);
      else if (slopes_[line] < slope) right.keep(*this, line, right_);
    }
    const int middle = from + left.count;
    memcpy(kept_ + middle, right_, sizeof *kept_ * right.count);
    append_between(first, deepest, left.deepest, from, middle, out);
    append_between(deepest, last, right.deepest, middle, middle + right.count, out);
  }

  // The scale under which two lines are equal.
  double crossing_of(int a, int b) const {
    return (offsets_[a] - offsets_[b]) / (slopes_[a] - slopes_[b]);
  }

  // The lower of two lines: they differ by rounding where they cross.
  double lower(int a, int b, double scale) const {
    const double value_a = slopes_[a] * scale - offsets_[a];
    const double value_b = slopes_[b] * scale - offsets_[b];
    return value_b < value_a ? value_b : value_a;
  }

  const double *slopes_;
  const double *offsets_;
  int count_;
  uint16_t kept_[CAPACITY + 1];
  uint16_t right_[CAPACITY + 1];
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
