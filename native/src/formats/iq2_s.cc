// IQ2_S; layout and twin: main/engine/quantizers/iq2-s.ts (ggml-quants.c: quantize_row_iq2_s_impl).
#include "iq2_quantizer.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int POINTS = 2;
constexpr int SIGNS = 34;
constexpr int HIGH_BITS = 66;
constexpr int SCALES = 74;

struct Iq2S {
  static constexpr int COUNT = 16;
  static constexpr int BYTES = 82;
  static constexpr GridId GRID = GridId::IQ2_S;
  static constexpr float VARIANCE = 2;
  static constexpr bool EVEN_SIGNS = false;

  QUANTALOUPE_INLINE uint32_t search(const Grid &grid, const SubBlocks<COUNT> &lanes, vfloat &scale,
                                     Points<COUNT / GROUP> &points) {
    return search_sixteen(grid, lanes, 1e-8f, scale, points);
  }

  // Points and signs are kept where all scales vanish, as in ggml.
  QUANTALOUPE_INLINE void pack(const Iq2Block &block, float largest_scale, uint8_t *out) {
    memset(out, 0, BYTES);
    for (int group = 0; group < GROUPS_OF_SUPER_BLOCK; group += 1) {
      out[POINTS + group] = (uint8_t)block.points[group];
      out[SIGNS + group] = block.signs[group];
      out[HIGH_BITS + group / 4] |= (uint8_t)(block.points[group] >> 8 << (2 * (group % 4)));
    }
    if (largest_scale == 0) return;
    const float unit = largest_scale / 31;
    store_half(out, float_to_half(unit * 0.9875f));
    pack_scale_codes(block.scales, unit, out + SCALES);
  }
};

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  const Grid &points = grid(GridId::IQ2_S);
  for (size_t block = 0; block < blocks; block += 1, bytes += Iq2S::BYTES, out += SUPER_BLOCK) {
    const float d = half_to_float(load_half(bytes));
    for (int group = 0; group < GROUPS_OF_SUPER_BLOCK; group += 1) {
      const uint32_t high = bytes[HIGH_BITS + group / 4] >> (2 * (group % 4)) & 3;
      const float scale = decoded_scale(d, bytes[SCALES + group / 4] >> (2 * (group & 2)) & 15);
      const uint32_t packed = points.points[bytes[POINTS + group] | high << 8];
      decode_group(packed, scale, bytes[SIGNS + group], out + GROUP * group);
    }
  }
}

}  // namespace

extern const FormatKernel kernel_IQ2_S;
const FormatKernel kernel_IQ2_S = {"IQ2_S", SUPER_BLOCK, Iq2S::BYTES, Iq2Quantizer<Iq2S>::quantize,
                                   dequantize, &optimal_IQ2_S};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
