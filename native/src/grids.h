// The grids of IQ1, IQ2 and IQ3 formats and the neighbours of codes that are no grid point; the twin of
// main/engine/quantizers/grids.ts. Belongs to no target: compiled once, shared by all kernels and threads.
#pragma once

#include <cstdint>

namespace quantaloupe {

enum class GridId { IQ2_XXS, IQ2_XS, IQ2_S, IQ1, IQ3_XXS, IQ3_S };

// Where the neighbours of some codes lie in Grid::neighbours: start is a multiple of 16. Points have none.
struct NeighbourList {
  uint32_t start;
  uint32_t count;
};

// Packed codes hold code i at bit 2 i (8 codes, 0 ... 2) or at bit 3 i (4 codes, 0 ... 7).
struct Grid {
  const uint8_t *codes;        // of all points, 8 or 4 each
  const uint16_t *points;      // packed codes by number
  const int16_t *index;        // number of a point by packed codes, -1 for other codes
  const NeighbourList *lists;  // by packed codes
  // Place in the list << 16 | packed codes, in ggml's order, so that the lowest of several words comes first.
  // Every list is filled up to whole groups of 16 by repeating its first word, which can win only as itself.
  const uint32_t *neighbours;
};

// The grid, made by its first caller in 5 to 70 ms; valid until the process ends.
const Grid &grid(GridId id);

}  // namespace quantaloupe
