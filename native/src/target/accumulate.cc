// Error sums of rows; the twin of main/engine/metrics/accumulate.ts, in the same order of additions.
#include "../target.h"
#include "partial_sums.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

namespace {

// Partial sums of one row. Columns take their partial from the start of their band.
struct RowPartials {
  Partials weight2, product, quant2, largest;
};

struct ImportancePartials {
  Partials error2, weight2;
};

QUANTALOUPE_INLINE void add_terms(RowPartials &row, Partials &error2, const float *weights, const float *quants) {
  const Partials w = widen_eight(weights);
  const Partials q = widen_eight(quants);
  for (int i = 0; i < PARTS; i += 1) {
    const vdouble error = q.part[i] - w.part[i];
    error2.part[i] += error * error;
    row.weight2.part[i] += w.part[i] * w.part[i];
    row.product.part[i] += w.part[i] * q.part[i];
    row.quant2.part[i] += q.part[i] * q.part[i];
    row.largest.part[i] = larger(absolute(error), row.largest.part[i]);
  }
}

QUANTALOUPE_INLINE void add_weighted(ImportancePartials &row, const float *weights, const float *quants,
                                     const float *importance) {
  const Partials w = widen_eight(weights);
  const Partials q = widen_eight(quants);
  const Partials h = widen_eight(importance);
  for (int i = 0; i < PARTS; i += 1) {
    const vdouble error = q.part[i] - w.part[i];
    row.error2.part[i] += h.part[i] * error * error;
    row.weight2.part[i] += h.part[i] * w.part[i] * w.part[i];
  }
}

// The last terms of a band, followed by zeros: a zero added to a partial sum, which is never -0, changes nothing.
struct Padded {
  float values[PARTIALS] = {};
  Padded(const float *from, size_t count) { memcpy(values, from, count * sizeof *from); }
};

double add_band(RowPartials &row, const float *weights, const float *quants, size_t count) {
  Partials error2 = {};
  size_t i = 0;
  for (; i + PARTIALS <= count; i += PARTIALS) add_terms(row, error2, weights + i, quants + i);
  if (i < count) {
    const Padded w(weights + i, count - i), q(quants + i, count - i);
    add_terms(row, error2, w.values, q.values);
  }
  return total(error2);
}

void add_weighted_band(ImportancePartials &row, const float *weights, const float *quants, const float *importance,
                       size_t count) {
  size_t i = 0;
  for (; i + PARTIALS <= count; i += PARTIALS) add_weighted(row, weights + i, quants + i, importance + i);
  if (i < count) {
    const Padded w(weights + i, count - i), q(quants + i, count - i), h(importance + i, count - i);
    add_weighted(row, w.values, q.values, h.values);
  }
}

double largest_of(const Partials &largest, double error2) {
  double values[PARTIALS];
  store_eight(values, largest);
  double most = 0;
  for (int i = 0; i < PARTIALS; i += 1) most = values[i] > most ? values[i] : most;
  // A sum of squares is NaN only where an error is.
  return error2 == error2 ? most : error2;
}

void accumulate_row(const MeasuredRows &given, const float *weights, const float *quants) {
  RowPartials row = {};
  double *sums = given.sums;
  double error2 = 0;
  for (size_t band = 0; band < given.bands; band += 1) {
    const size_t first = given.band_starts[band];
    const size_t count = given.band_starts[band + 1] - first;
    const double band_error2 = add_band(row, weights + first, quants + first, count);
    sums[COLUMN_ERROR2 + band] += band_error2;
    error2 += band_error2;
  }
  const double weight2 = total(row.weight2);
  const double largest = largest_of(row.largest, error2);
  sums[ERROR2] += error2;
  sums[WEIGHT2] += weight2;
  sums[PRODUCT] += total(row.product);
  sums[QUANT2] += total(row.quant2);
  sums[ROW_ERROR4] += error2 * error2;
  sums[ROW_WEIGHT4] += weight2 * weight2;
  sums[ROW_ERROR_WEIGHT] += error2 * weight2;
  // Written so that NaN enters and stays.
  if (!(largest <= sums[MAX_ABS_ERROR]) && sums[MAX_ABS_ERROR] == sums[MAX_ABS_ERROR]) sums[MAX_ABS_ERROR] = largest;
}

void accumulate_importance(const MeasuredRows &given, const float *weights, const float *quants) {
  ImportancePartials row = {};
  for (size_t band = 0; band < given.bands; band += 1) {
    const size_t first = given.band_starts[band];
    const size_t count = given.band_starts[band + 1] - first;
    add_weighted_band(row, weights + first, quants + first, given.importance + first, count);
  }
  given.sums[IMPORTANCE_ERROR2] += total(row.error2);
  given.sums[IMPORTANCE_WEIGHT2] += total(row.weight2);
}

}  // namespace

void accumulate(const MeasuredRows &rows) {
  for (size_t row = 0; row < rows.rows; row += 1) {
    const float *weights = rows.weights + row * rows.row_length;
    const float *quants = rows.quants + row * rows.row_length;
    accumulate_row(rows, weights, quants);
    if (rows.importance) accumulate_importance(rows, weights, quants);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
