// Error sums of rows; the twin of main/engine/metrics/accumulate.ts, in the same order of additions.
#include "../target.h"
#include "partial_sums.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

namespace {

// Partial sums of one row. Columns take their partial from the start of their band.
struct RowPartials {
  Partials weight2, quant2, importance_error2, importance_weight2;
  // A maximum is the same in any order.
  vdouble largest;
};

struct Columns {
  const float *weights, *quants, *importance;
};

Columns behind(const Columns &columns, size_t count) {
  const float *importance = columns.importance ? columns.importance + count : nullptr;
  return {columns.weights + count, columns.quants + count, importance};
}

template <bool WITH_IMPORTANCE>
QUANTALOUPE_INLINE void add_terms(RowPartials &row, Partials &error2, const Columns &columns) {
  for (int i = 0; i < PARTS; i += 1) {
    const vdouble w = widen(columns.weights + i * DOUBLES);
    const vdouble q = widen(columns.quants + i * DOUBLES);
    const vdouble error = q - w;
    const vdouble e2 = error * error;
    const vdouble w2 = w * w;
    error2.part[i] += e2;
    row.weight2.part[i] += w2;
    row.quant2.part[i] += q * q;
    row.largest = larger(absolute(error), row.largest);
    if (WITH_IMPORTANCE) {
      const vdouble h = widen(columns.importance + i * DOUBLES);
      row.importance_error2.part[i] += h * e2;
      row.importance_weight2.part[i] += h * w2;
    }
  }
}

// The last terms of a band, followed by zeros: a zero added to a partial sum, which is never -0, changes nothing.
template <bool WITH_IMPORTANCE>
QUANTALOUPE_INLINE void add_last_terms(RowPartials &row, Partials &error2, const Columns &columns, size_t count) {
  float padded[3][PARTIALS] = {};
  memcpy(padded[0], columns.weights, count * sizeof(float));
  memcpy(padded[1], columns.quants, count * sizeof(float));
  if (WITH_IMPORTANCE) memcpy(padded[2], columns.importance, count * sizeof(float));
  add_terms<WITH_IMPORTANCE>(row, error2, {padded[0], padded[1], padded[2]});
}

// Returns the sum of squared errors; the other partial sums go on.
template <bool WITH_IMPORTANCE>
QUANTALOUPE_INLINE double add_band(RowPartials &row, const Columns &columns, size_t count) {
  Partials error2 = {};
  size_t i = 0;
  for (; i + PARTIALS <= count; i += PARTIALS) add_terms<WITH_IMPORTANCE>(row, error2, behind(columns, i));
  if (i < count) add_last_terms<WITH_IMPORTANCE>(row, error2, behind(columns, i), count - i);
  return total(error2);
}

double largest_of(vdouble largest, double error2) {
  double most = 0;
  for (int i = 0; i < DOUBLES; i += 1) most = largest[i] > most ? largest[i] : most;
  // A sum of squares is NaN only where an error is.
  return error2 == error2 ? most : error2;
}

template <bool WITH_IMPORTANCE>
void accumulate_row(const MeasuredRows &given, const Columns &columns) {
  RowPartials row = {};
  double *sums = given.sums;
  double error2 = 0;
  for (size_t band = 0; band < given.bands; band += 1) {
    const size_t first = given.band_starts[band];
    const size_t count = given.band_starts[band + 1] - first;
    const double band_error2 = add_band<WITH_IMPORTANCE>(row, behind(columns, first), count);
    sums[COLUMN_ERROR2 + band] += band_error2;
    error2 += band_error2;
  }
  const double weight2 = total(row.weight2);
  const double largest = largest_of(row.largest, error2);
  sums[ERROR2] += error2;
  sums[WEIGHT2] += weight2;
  sums[QUANT2] += total(row.quant2);
  sums[IMPORTANCE_ERROR2] += total(row.importance_error2);
  sums[IMPORTANCE_WEIGHT2] += total(row.importance_weight2);
  sums[ROW_ERROR4] += error2 * error2;
  sums[ROW_WEIGHT4] += weight2 * weight2;
  sums[ROW_ERROR_WEIGHT] += error2 * weight2;
  // NaN enters the maximum and stays.
  if (!(largest <= sums[MAX_ABS_ERROR]) && sums[MAX_ABS_ERROR] == sums[MAX_ABS_ERROR]) sums[MAX_ABS_ERROR] = largest;
}

}  // namespace

void accumulate(const MeasuredRows &rows) {
  for (size_t row = 0; row < rows.rows; row += 1) {
    const size_t at = row * rows.row_length;
    const Columns columns = {rows.weights + at, rows.quants + at, rows.importance};
    if (rows.importance) accumulate_row<true>(rows, columns);
    else accumulate_row<false>(rows, columns);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
