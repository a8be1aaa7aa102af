// Search for NaN and infinity; the twin of findNonFinite in main/engine/metrics/non-finite.ts.
#include "../simd.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

size_t find_non_finite(const float *values, size_t count) {
  constexpr size_t AT_ONCE = 4 * LANES;
  size_t i = 0;
  for (; i + AT_ONCE <= count; i += AT_ONCE) {
    vfloat differences = {};
    for (int part = 0; part < 4; part += 1) {
      const vfloat value = load(values + i + part * LANES);
      // A difference with itself is 0 unless the value is NaN or infinite.
      differences += value - value;
    }
    if (any(differences != 0)) break;
  }
  for (; i < count; i += 1) {
    if (values[i] - values[i] != 0) return i;
  }
  return count;
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
