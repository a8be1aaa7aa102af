// What a format's kernel is: the interface between the kernels of one target and the addon.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quantaloupe {

// Whole rows to quantize. Checked by the caller: row_length is a multiple of the block, at least one row.
struct Rows {
  const float *weights;     // f32[rows * row_length], finite
  const float *importance;  // f32[row_length], non-negative, the same vector for every row; null for none
  size_t rows;
  size_t row_length;
  uint8_t *out;  // rows * row_length / block_size * block_bytes
};

struct FormatKernel {
  const char *name;  // "Q4_K", as in the registry
  uint32_t block_size;
  uint32_t block_bytes;
  void (*quantize)(const Rows &rows);  // null for types that are only decoded
  void (*dequantize)(const uint8_t *bytes, size_t blocks, float *out);
};

}  // namespace quantaloupe
