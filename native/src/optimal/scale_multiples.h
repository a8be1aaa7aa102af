// The lowest lines of a sub-block under d, where its scale is d times one of a few multiples; what each of them can be
// lowest in is told in the twin, main/engine/quantizers/optimal/scale-multiples.ts.
#pragma once

#include "line_envelope.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// The scale under which the levels of a line have the least error.
template <int LINES>
QUANTALOUPE_INLINE double least_error_at(const LineEnvelope<LINES> &lines, int i) {
  return lines.offsets[i] / (2 * lines.slopes[i]);
}

// Up to where the error falls; 0 if that cannot be told.
template <int LINES>
QUANTALOUPE_INLINE double find_first_rise(const LineEnvelope<LINES> &lines) {
  int i = 0;
  while (i + 1 < lines.count && least_error_at(lines, i) >= lines.starts[i + 1]) i += 1;
  const double least = least_error_at(lines, i);
  return least > 0 ? least : 0;
}

// From where on the error rises; infinity if that cannot be told.
template <int LINES>
QUANTALOUPE_INLINE double find_last_fall(const LineEnvelope<LINES> &lines) {
  int i = lines.count - 1;
  while (i > 0 && least_error_at(lines, i) <= lines.starts[i]) i -= 1;
  const double least = least_error_at(lines, i);
  return least > 0 ? least : __builtin_inf();
}

// Fills `out` with the lowest lines under d, each labelled by the place of its multiple; these ascend. `tail` is
// overwritten.
template <int OUT, int LINES, int MULTIPLES>
QUANTALOUPE_INLINE void unite_multiples(const LineEnvelope<LINES> &lines, const double (&multiples)[MULTIPLES],
                                        LineEnvelope<OUT> &out, LineEnvelope<OUT> &tail) {
  static_assert(OUT >= MULTIPLES * LINES, "room for all lines with all multiples");
  const double first_rise = find_first_rise(lines);
  const double last_fall = find_last_fall(lines);
  out.count = 0;
  for (int code = MULTIPLES - 1; code >= 0; code -= 1) {
    const double multiple = multiples[code];
    const double larger = code + 1 < MULTIPLES ? multiples[code + 1] : __builtin_inf();
    const double smaller = code > 0 ? multiples[code - 1] : 0;
    const double lowest = first_rise * (multiple / larger);
    const double highest = last_fall * (multiple / smaller);
    int from = 0;
    while (from + 1 < lines.count && lines.starts[from + 1] <= lowest) from += 1;
    int to = from + 1;
    while (to < lines.count && lines.starts[to] < highest) to += 1;
    merge(out, lines, from, to, multiple, (uint8_t)code, tail);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
