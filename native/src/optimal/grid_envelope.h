// Lists of the lowest lines of many; the twin of main/engine/quantizers/optimal/grid-envelope.ts.
#pragma once

#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Lines slope t - offset in lists one behind the other; within a list slopes fall and starts rise from 0.
template <int CAPACITY>
struct Lines {
  double starts[CAPACITY];  // from where a line is the lowest of its list
  double slopes[CAPACITY];
  double offsets[CAPACITY];
  uint32_t labels[CAPACITY];  // what a line stands for
  int count;

  void append(double start, double slope, double offset, uint32_t label) {
    starts[count] = start;
    slopes[count] = slope;
    offsets[count] = offset;
    labels[count] = label;
    count += 1;
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
  // Appends the lowest of `count` lines to `out` as a list, labelled by their places.
  template <typename Out>
  void append(const double *slopes, const double *offsets, int count, Out &out) {
    slopes_ = slopes;
    offsets_ = offsets;
    const int first = lowest_at_zero(count);
    const int last = lowest_at_infinity(count);
    out.append(0, slopes[first], offsets[first], (uint32_t)first);
    if (!(slopes[last] < slopes[first])) return;
    const double crossing = crossing_of(first, last);
    Side side = {crossing, lower(first, last, crossing)};
    for (int line = 0; line < count; line += 1) side.keep(*this, line, kept_);
    append_between(first, last, side.deepest, 0, side.count, out);
  }

 private:
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

  // The largest offset; the smallest slope of those, and the first of them.
  int lowest_at_zero(int count) const {
    int chosen = 0;
    for (int line = 1; line < count; line += 1) {
      const double offset = offsets_[line];
      const double most = offsets_[chosen];
      if (offset > most || (offset == most && slopes_[line] < slopes_[chosen])) chosen = line;
    }
    return chosen;
  }

  // The smallest slope; the largest offset of those, and the first of them.
  int lowest_at_infinity(int count) const {
    int chosen = 0;
    for (int line = 1; line < count; line += 1) {
      const double slope = slopes_[line];
      const double least = slopes_[chosen];
      if (slope < least || (slope == least && offsets_[line] > offsets_[chosen])) chosen = line;
    }
    return chosen;
  }

  // Appends the lowest lines after `first` up to `last`; see the twin.
  template <typename Out>
  void append_between(int first, int last, int deepest, int from, int to, Out &out) {
    if (deepest < 0) {
      const double start = crossing_of(first, last);
      const double previous = out.starts[out.count - 1];
      // Lines that are lowest at nearly one place may cross in the wrong order by rounding.
      out.append(start > previous ? start : previous, slopes_[last], offsets_[last], (uint32_t)last);
      return;
    }
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
  uint16_t kept_[CAPACITY + 1];
  uint16_t right_[CAPACITY + 1];
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
