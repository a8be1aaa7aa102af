// What a format's kernel is: the interface between the kernels of one target and the addon.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quantaloupe {

// How codes and scales are chosen, named as in main/engine/quantizers/format.ts.
enum Method : uint32_t { REFERENCE, OPTIMAL, OPTIMAL_SQUARE, OPTIMAL_GGML, EXHAUSTIVE };
constexpr const char *METHOD_NAMES[] = {"reference", "optimal", "optimal-square", "optimal-ggml", "exhaustive"};
constexpr size_t METHODS = sizeof METHOD_NAMES / sizeof *METHOD_NAMES;

// Whole rows to quantize. Checked by the caller: row_length is a multiple of the block, at least one row.
struct Rows {
  const float *weights;     // f32[rows * row_length], finite
  const float *importance;  // f32[row_length], non-negative, the same vector for every row; null for none
  size_t rows;
  size_t row_length;
  uint8_t *out;  // rows * row_length / block_size * block_bytes
};

// Blocks whose codes and scales are to be chosen for the least sum of error_weights (weight - decoded)^2.
struct SearchedBlocks {
  const float *weights;         // f32[count * block_size], finite
  const double *error_weights;  // f64[count * block_size], finite, non-negative
  const uint8_t *reference;     // count * block_bytes: what the reference has chosen
  uint8_t *out;                 // count * block_bytes, all of it written
  size_t count;                 // at least one
};

// The twin of OptimalSearches in main/engine/quantizers/optimal/optimal-methods.ts.
struct OptimalKernel {
  void (*search)(const SearchedBlocks &blocks);
  // out = f64[row_length] of one row; null where ggml weighs plainly.
  void (*ggml_error_weights)(const float *weights, const float *importance, size_t row_length, double *out);
  void (*exhaustive)(const SearchedBlocks &blocks);  // null where `search` leaves nothing out
};

struct FormatKernel {
  const char *name;  // "Q4_K", as in the registry
  uint32_t block_size;
  uint32_t block_bytes;
  void (*quantize)(const Rows &rows);  // as the method `reference`; null for types that are only decoded
  void (*dequantize)(const uint8_t *bytes, size_t blocks, float *out);
  const OptimalKernel *optimal = nullptr;
};

}  // namespace quantaloupe
