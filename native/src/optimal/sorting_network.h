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
        for (int low = first; low < first + step && low + step < COUNT; low += 1) {
          const int high = low + step;
          if ((low ^ high) & -(2 * sorted)) continue;
          const vfloat larger = maximum(keys[low], keys[high]);
          keys[high] = minimum(keys[low], keys[high]);
          keys[low] = larger;
        }
      }
    }
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
