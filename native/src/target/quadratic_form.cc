// Output energies; the twin of main/engine/metrics/quadratic-form.ts, in the same order of additions.
#include "partial_sums.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

namespace {

// Rows that share one reading of a line of S.
constexpr int TOGETHER = 4;

// Adds terms that no whole vector covers. Column j belongs to partial j % 8, whatever the line.
QUANTALOUPE_INLINE void add_single(double *partials, const double *line, const double *row, size_t from, size_t to) {
  for (size_t j = from; j < to; j += 1) partials[j % PARTIALS] += line[j] * row[j];
}

// sums[r] = sum of line[j] * row r[j] for j in [from, n).
template <int ROWS>
QUANTALOUPE_INLINE void dot_products(const double *line, const double *rows, size_t n, size_t from, double *sums) {
  const size_t first = (from + PARTIALS - 1) / PARTIALS * PARTIALS;
  const size_t head_end = first < n ? first : n;
  const size_t end = first < n ? n - (n - first) % PARTIALS : head_end;
  double cells[ROWS][PARTIALS] = {};
  Partials partials[ROWS];
  for (int r = 0; r < ROWS; r += 1) {
    add_single(cells[r], line, rows + r * n, from, head_end);
    partials[r] = load_eight(cells[r]);
  }
  for (size_t j = first; j < end; j += PARTIALS) {
    const Partials s = load_eight(line + j);
    for (int r = 0; r < ROWS; r += 1) {
      const Partials x = load_eight(rows + r * n + j);
      for (int i = 0; i < PARTS; i += 1) partials[r].part[i] += s.part[i] * x.part[i];
    }
  }
  for (int r = 0; r < ROWS; r += 1) {
    store_eight(cells[r], partials[r]);
    add_single(cells[r], line, rows + r * n, end, n);
    sums[r] = total(load_eight(cells[r]));
  }
}

template <int ROWS>
void add_line(const double *rows, size_t n, const double *S, size_t i, double *forms) {
  double sums[ROWS];
  const double *line = S + i * n;
  dot_products<ROWS>(line, rows, n, i + 1, sums);
  for (int r = 0; r < ROWS; r += 1) {
    const double value = rows[r * n + i];
    forms[r] += value * (line[i] * value + 2 * sums[r]);
  }
}

}  // namespace

void quadratic_forms(const double *rows, size_t count, size_t n, const double *S, double *forms) {
  memset(forms, 0, count * sizeof *forms);
  for (size_t i = 0; i < n; i += 1) {
    size_t row = 0;
    for (; row + TOGETHER <= count; row += TOGETHER) add_line<TOGETHER>(rows + row * n, n, S, i, forms + row);
    for (; row < count; row += 1) add_line<1>(rows + row * n, n, S, i, forms + row);
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
