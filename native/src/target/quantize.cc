// Rows quantized by any method: the twin of main/engine/quantizers/optimal/optimal-methods.ts.
#include <algorithm>
#include <cstring>
#include <vector>

#include "../target.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

// Weights that are worked on at once: their error weights stay in the caches.
constexpr size_t TILE = 16384;

void weigh_row(const FormatKernel &format, Method method, const float *weights, const float *importance,
               size_t count, double *out) {
  if (method == OPTIMAL_GGML && format.optimal->ggml_error_weights) {
    return format.optimal->ggml_error_weights(weights, importance, count, out);
  }
  for (size_t i = 0; i < count; i += 1) out[i] = importance ? (double)importance[i] : 1.0;
  if (method != OPTIMAL_SQUARE) return;
  for (size_t i = 0; i < count; i += 1) out[i] *= (double)weights[i] * (double)weights[i];
}

// ggml's weights are of single precision: what overflows there counts as the largest, what is no number as 0.
void limit(double *error_weights, size_t count) {
  for (size_t i = 0; i < count; i += 1) {
    const double weight = error_weights[i];
    if (weight - weight != 0) error_weights[i] = weight > 0 ? __FLT_MAX__ : 0;
  }
}

double weighted_error(const float *weights, const double *error_weights, const float *decoded, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i += 1) {
    const double error = (double)weights[i] - (double)decoded[i];
    sum += error_weights[i] * (error * error);
  }
  return sum;
}

// Takes over what the search has found, unless the reference is as good.
void keep_better(const FormatKernel &format, const SearchedBlocks &found, uint8_t *kept) {
  std::vector<float> decoded(2 * format.block_size);
  float *const by_reference = decoded.data();
  float *const by_search = by_reference + format.block_size;
  for (size_t block = 0; block < found.count; block += 1, kept += format.block_bytes) {
    const float *weights = found.weights + block * format.block_size;
    const double *error_weights = found.error_weights + block * format.block_size;
    const uint8_t *candidate = found.out + block * format.block_bytes;
    format.dequantize(kept, 1, by_reference);
    format.dequantize(candidate, 1, by_search);
    const double error = weighted_error(weights, error_weights, by_reference, format.block_size);
    // Written so that a reference whose error is no number loses.
    if (error == 0 || error <= weighted_error(weights, error_weights, by_search, format.block_size)) continue;
    memcpy(kept, candidate, format.block_bytes);
  }
}

void quantize_optimal(const FormatKernel &format, Method method, const Rows &rows) {
  format.quantize(rows);
  const size_t row_blocks = rows.row_length / format.block_size;
  const size_t at_once = std::max<size_t>(1, std::min(rows.rows, TILE / rows.row_length));
  std::vector<double> error_weights(at_once * rows.row_length);
  std::vector<uint8_t> found(at_once * row_blocks * format.block_bytes);
  const auto search = method == EXHAUSTIVE ? format.optimal->exhaustive : format.optimal->search;
  for (size_t first = 0; first < rows.rows; first += at_once) {
    const size_t count = std::min(at_once, rows.rows - first);
    const float *weights = rows.weights + first * rows.row_length;
    uint8_t *kept = rows.out + first * row_blocks * format.block_bytes;
    for (size_t row = 0; row < count; row += 1) {
      const size_t at = row * rows.row_length;
      weigh_row(format, method, weights + at, rows.importance, rows.row_length, error_weights.data() + at);
    }
    limit(error_weights.data(), count * rows.row_length);
    const SearchedBlocks blocks = {weights, error_weights.data(), kept, found.data(), count * row_blocks};
    search(blocks);
    keep_better(format, blocks, kept);
  }
}

}  // namespace

void quantize(const FormatKernel &format, Method method, const Rows &rows) {
  if (method == REFERENCE) format.quantize(rows);
  else quantize_optimal(format, method, rows);
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
