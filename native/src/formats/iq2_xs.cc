// IQ2_XS; layout and twin: main/engine/quantizers/iq2-xs.ts (ggml-quants.c: quantize_row_iq2_xs_impl).
#include "iq2_quantizer.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int SCALES = 66;

struct Iq2Xs {
  static constexpr int COUNT = 16;
  static constexpr int BYTES = 74;
  static constexpr GridId GRID = GridId::IQ2_XS;
  static constexpr float VARIANCE = 1;
  static constexpr bool EVEN_SIGNS = true;

  QUANTALOUPE_INLINE uint32_t search(const Grid &grid, const SubBlocks<COUNT> &lanes, vfloat &scale,
                                     Points<COUNT / GROUP> &points) {
    return search_sixteen(grid, lanes, 1e-15f, scale, points);
  }

  QUANTALOUPE_INLINE void pack(const Iq2Block &block, float largest_scale, uint8_t *out) {
    memset(out, 0, BYTES);
    if (largest_scale == 0) return;
    const float unit = largest_scale / 31;
    store_half(out, float_to_half(unit));
    for (int group = 0; group < GROUPS_OF_SUPER_BLOCK; group += 1) {
      store_half(out + 2 + 2 * group, (uint16_t)(block.points[group] | (block.signs[group] & 127) << 9));
    }
    pack_scale_codes(block.scales, unit, out + SCALES);
  }
};

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  const Grid &points = grid(GridId::IQ2_XS);
  for (size_t block = 0; block < blocks; block += 1, bytes += Iq2Xs::BYTES, out += SUPER_BLOCK) {
    const float d = half_to_float(load_half(bytes));
    for (int group = 0; group < GROUPS_OF_SUPER_BLOCK; group += 1) {
      const uint32_t word = load_half(bytes + 2 + 2 * group);
      const float scale = decoded_scale(d, bytes[SCALES + group / 4] >> (2 * (group & 2)) & 15);
      decode_group(points.points[word & 511], scale, with_eighth_sign(word >> 9), out + GROUP * group);
    }
  }
}

}  // namespace

extern const FormatKernel kernel_IQ2_XS;
const FormatKernel kernel_IQ2_XS = {"IQ2_XS", SUPER_BLOCK, Iq2Xs::BYTES, Iq2Quantizer<Iq2Xs>::quantize,
                                    dequantize, &optimal_IQ2_XS};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
