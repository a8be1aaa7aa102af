// Everything that is compiled once per instruction set, as the addon sees it.
#pragma once

#include "kernels.h"

namespace quantaloupe {

// Places in the array of sums that `accumulate` adds to; the sums of the column bands follow them.
// The twin of SUM in main/engine/metrics/accumulate.ts.
enum Sum : size_t {
  ERROR2,
  WEIGHT2,
  QUANT2,
  IMPORTANCE_ERROR2,
  IMPORTANCE_WEIGHT2,
  MAX_ABS_ERROR,
  ROW_ERROR4,
  ROW_WEIGHT4,
  ROW_ERROR_WEIGHT,
  COLUMN_ERROR2,
};

// Weights and their dequantized twins, to be compared. Checked by the caller.
struct MeasuredRows {
  const float *weights;         // f32[rows * row_length], finite
  const float *quants;          // f32[rows * row_length]
  const float *importance;      // f32[row_length], the same vector for every row; null for none
  size_t rows;
  size_t row_length;
  const uint32_t *band_starts;  // u32[bands + 1]: ascending, from 0 to row_length
  size_t bands;
  double *sums;                 // f64[COLUMN_ERROR2 + bands]
};

struct Target {
  const char *name;                      // "avx2"
  const FormatKernel *const *formats;    // ends with null
  // By a method that the format has.
  void (*quantize)(const FormatKernel &format, Method method, const Rows &rows);
  void (*accumulate)(const MeasuredRows &rows);
  // Place of the first NaN or infinity, `count` if there is none.
  size_t (*find_non_finite)(const float *values, size_t count);
  // forms[r] = x S x^T of each of `count` rows x = f64[n]; S is f64[n * n], only its upper triangle is read.
  void (*quadratic_forms)(const double *rows, size_t count, size_t n, const double *S, double *forms);
};

}  // namespace quantaloupe
