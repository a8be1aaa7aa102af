// Lowest of lines, their unions and sums; twin: main/engine/quantizers/optimal/line-envelope.ts.
#pragma once

#include <cstring>

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// The lowest of some lines slope t - offset for t > 0: slopes and offsets fall, `starts` rise from 0.
template <int CAPACITY>
struct LineEnvelope {
  double starts[CAPACITY];  // from where a line is the lowest
  double slopes[CAPACITY];
  double offsets[CAPACITY];
  uint8_t labels[CAPACITY];  // what a line stands for
  int count = 0;

  // Adds a line; its slope must be the least so far. Lines that are lowest nowhere go.
  void add(double slope, double offset, uint8_t label) {
    double start = 0;
    while (count > 0) {
      const int last = count - 1;
      const double fall = slopes[last] - slope;
      const double loss = offsets[last] - offset;
      // Parallel: the lower one stays, the first of equals.
      if (!(fall > 0) && !(loss < 0)) return;
      start = fall > 0 ? loss / fall : 0;
      if (start > starts[last]) break;
      count = last;
      start = 0;
    }
    starts[count] = start;
    slopes[count] = slope;
    offsets[count] = offset;
    labels[count] = label;
    count += 1;
  }
};

// Adds lines `from` ... `to - 1` of another envelope, whose levels are multiplied. `tail` is overwritten: the lines of
// `out` that come between.
template <int OUT, int LINES>
QUANTALOUPE_INLINE void merge(LineEnvelope<OUT> &out, const LineEnvelope<LINES> &lines, int from, int to,
                              double multiple, uint8_t label, LineEnvelope<OUT> &tail) {
  const double square = multiple * multiple;
  int first = out.count;
  while (first > 0 && out.slopes[first - 1] < square * lines.slopes[from]) first -= 1;
  tail.count = out.count - first;
  memcpy(tail.slopes, out.slopes + first, (size_t)tail.count * sizeof *tail.slopes);
  memcpy(tail.offsets, out.offsets + first, (size_t)tail.count * sizeof *tail.offsets);
  memcpy(tail.labels, out.labels + first, (size_t)tail.count);
  out.count = first;
  for (int i = 0, k = from; i < tail.count || k < to;) {
    if (k == to || (i < tail.count && tail.slopes[i] >= square * lines.slopes[k])) {
      out.add(tail.slopes[i], tail.offsets[i], tail.labels[i]);
      i += 1;
    } else {
      out.add(square * lines.slopes[k], multiple * lines.offsets[k], label);
      k += 1;
    }
  }
}

// Goes through the lowest sums of lines of several envelopes by rising t.
template <int PARTS, int CAPACITY>
class EnvelopeSum {
 public:
  explicit EnvelopeSum(const LineEnvelope<CAPACITY> *parts) : parts_(parts) { find_next(); }

  double start() const { return start_; }
  bool at_end() const { return next_ < 0; }
  const LineEnvelope<CAPACITY> &part(int p) const { return parts_[p]; }
  // The line of a part that is lowest from `start` on.
  int place(int p) const { return places_[p]; }

  void advance() {
    places_[next_] += 1;
    start_ = least_;
    find_next();
  }

  double slope() const {
    double sum = 0;
    for (int p = 0; p < PARTS; p += 1) sum += parts_[p].slopes[places_[p]];
    return sum;
  }

  double offset() const {
    double sum = 0;
    for (int p = 0; p < PARTS; p += 1) sum += parts_[p].offsets[places_[p]];
    return sum;
  }

 private:
  // The part whose line changes first, the first of equals; -1 where none does.
  void find_next() {
    next_ = -1;
    for (int p = 0; p < PARTS; p += 1) {
      const int place = places_[p] + 1;
      if (place == parts_[p].count || (next_ >= 0 && !(parts_[p].starts[place] < least_))) continue;
      next_ = p;
      least_ = parts_[p].starts[place];
    }
  }

  const LineEnvelope<CAPACITY> *parts_;
  int places_[PARTS] = {};
  double start_ = 0;
  double least_ = 0;
  int next_ = -1;
};

// Fills `out` with the sums of lines that are lowest at the same t.
template <int OUT, int PARTS, int CAPACITY>
QUANTALOUPE_INLINE void sum_envelopes(LineEnvelope<OUT> &out, const LineEnvelope<CAPACITY> (&parts)[PARTS]) {
  out.count = 0;
  for (EnvelopeSum<PARTS, CAPACITY> sum(parts);; sum.advance()) {
    out.starts[out.count] = sum.start();
    out.slopes[out.count] = sum.slope();
    out.offsets[out.count] = sum.offset();
    out.labels[out.count] = 0;
    out.count += 1;
    if (sum.at_end()) return;
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
