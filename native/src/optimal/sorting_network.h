// Sorts every lane by itself.
#pragma once

#include "simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// Largest first: Batcher's odd-even merge sort, whose exchanges do not depend on the values. COUNT is a power of two.
template <int COUNT>
void sort_descending(vfloat (&keys)[COUNT]) {
  for (int sorted = 1; sorted < COUNT; sorted *= 2) {
    for (int step = sorted; step >= 1; step /= 2) {
      for (int first = step % sorted; first + step < COUNT; first += 2 * step) {
        // Values of different runs that are not yet merged stay apart.
        if (step < sorted && (first + step) % (2 * sorted) == 0) continue;
        for (int low = first; low < first + step; low += 1) {
          const vfloat a = keys[low];
          const vfloat b = keys[low + step];
          keys[low] = maximum(a, b);
          keys[low + step] = minimum(a, b);
        }
      }
    }
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
