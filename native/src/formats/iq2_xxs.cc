// IQ2_XXS; layout and twin: main/engine/quantizers/iq2-xxs.ts (ggml-quants.c: quantize_row_iq2_xxs_impl).
#include "iq2_quantizer.h"
#include "optimal_kernels.h"
#include "non_negative_search.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int SUB_BLOCKS = 8;

struct Iq2Xxs {
  static constexpr int COUNT = 32;
  static constexpr int BYTES = 66;
  static constexpr GridId GRID = GridId::IQ2_XXS;
  static constexpr float VARIANCE = 1;
  static constexpr bool EVEN_SIGNS = true;

  // Trials start from the best scale for codes 0 ... 4 that need no grid; all groups choose again.
  QUANTALOUPE_INLINE uint32_t search(const Grid &grid, const SubBlocks<COUNT> &lanes, vfloat &scale,
                                     Points<COUNT / GROUP> &points) {
    vint codes[COUNT];
    scale = search_non_negative(lanes.x, lanes.w, 4, codes);
    const vfloat largest = scale * 3.f;
    const uint32_t stored = mask_bits(~(lanes.largest() < NO_SCALE) & ~(largest <= 0.f));
    search_points<6>(grid, lanes, largest, stored, scale, points);
    for (uint32_t &moved : points.moved) moved = stored;
    choose_again(grid, lanes, mask_bits(scale > 0.f) & stored, scale, points);
    return stored;
  }

  QUANTALOUPE_INLINE void pack(const Iq2Block &block, float largest_scale, uint8_t *out) {
    memset(out, 0, BYTES);
    if (largest_scale == 0) return;
    const float unit = largest_scale / 31;
    store_half(out, float_to_half(unit));
    const float inverse = 1.f / unit;
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      uint8_t *to = out + 2 + 8 * j;
      uint32_t word = scale_code(inverse, block.scales[j]) << 28;
      for (int k = 0; k < 4; k += 1) {
        to[k] = (uint8_t)block.points[4 * j + k];
        word |= (uint32_t)(block.signs[4 * j + k] & 127) << (7 * k);
      }
      store_half(to + 4, (uint16_t)word);
      store_half(to + 6, (uint16_t)(word >> 16));
    }
  }
};

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  const Grid &points = grid(GridId::IQ2_XXS);
  for (size_t block = 0; block < blocks; block += 1, bytes += Iq2Xxs::BYTES) {
    const float d = half_to_float(load_half(bytes));
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const uint8_t *from = bytes + 2 + 8 * j;
      const uint32_t word = load_half(from + 4) | (uint32_t)load_half(from + 6) << 16;
      const float scale = decoded_scale(d, word >> 28);
      for (int k = 0; k < 4; k += 1, out += GROUP) {
        decode_group(points.points[from[k]], scale, with_eighth_sign(word >> (7 * k) & 127), out);
      }
    }
  }
}

}  // namespace

extern const FormatKernel kernel_IQ2_XXS;
const FormatKernel kernel_IQ2_XXS = {"IQ2_XXS", SUPER_BLOCK, Iq2Xxs::BYTES, Iq2Quantizer<Iq2Xxs>::quantize,
                                     dequantize, &optimal_IQ2_XXS};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
