// MXFP4 and NVFP4 with the scale byte of least error; twin and reasons for what is left out:
// main/engine/quantizers/optimal/listed-scale.ts. A lane per block of MXFP4 or sub-block of NVFP4.
#include "e2m1.h"
#include "largest_magnitude.h"
#include "one_byte_scales.h"
#include "optimal_kernels.h"
#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

struct Mx {
  static constexpr int COUNT = 32;
  static constexpr int BYTES = 17;
  // Whatever finite values the larger ones give, this one gives too.
  static constexpr int LARGEST_BYTE = 252;

  static vfloat scale_of(vint byte) {
    return float_of(select(byte < 2, (byte + 1) << 21, (byte - 1) << 23));
  }

  // The largest byte whose scale is below a seventh of `largest`, which is at least 2^k: 2^(k - 3) always is, and
  // 2^(k - 2) beyond 1.75 * 2^k.
  static int first_byte(float largest) {
    const uint32_t bits = float_bits(largest);
    const int byte = (int)(bits >> 23) - 2 + ((bits & 0x7fffff) > 0x600000);
    return byte < 0 ? 0 : byte > LARGEST_BYTE ? LARGEST_BYTE : byte;
  }

  static vint next_byte(vint byte, vfloat) { return maximum(byte - 1, splat(0)); }

  static void store_block(const float *weights, size_t block, uint8_t byte, uint8_t *out) {
    const float scale = halved_e8m0(byte);
    out += BYTES * block;
    out[0] = byte;
    store_pairs(out + 1, nearest(weights, scale), nearest(weights + 16, scale));
  }
};

struct Nv {
  static constexpr int COUNT = 16;
  static constexpr int BYTES = 36;
  static constexpr int NIBBLES = 4;
  static constexpr int LARGEST_BYTE = 0x7e;
  // Half of a scale from here on is a scale; before, that of even bytes is.
  static constexpr int HALVED_FROM = 16;

  static vfloat scale_of(vint byte) { return gather(HALVED_UE4M3.of, byte); }

  // No smaller than the largest byte whose scale is below a seventh of `largest`, and than all without half.
  static int first_byte(float largest) {
    const int byte = encode_ue4m3(largest * (2 / 7.f)) + 1;
    return byte < HALVED_FROM ? HALVED_FROM : byte > LARGEST_BYTE ? LARGEST_BYTE : byte;
  }

  // Leaves out the scale with a half that is as good.
  static vint next_byte(vint byte, vfloat largest) {
    const vint next = byte - 1;
    const vint halved = (next >= HALVED_FROM) | ((next & 1) == 0);
    const vint skipped = halved & (7 * scale_of(maximum(next, splat(0))) >= largest);
    return maximum(next + skipped, splat(0));
  }

  static void store_block(const float *weights, size_t sub_block, uint8_t byte, uint8_t *out) {
    const size_t place = sub_block % 4;
    out += BYTES * (sub_block / 4);
    out[place] = byte;
    const float scale = HALVED_UE4M3.of[byte];
    store_pairs(out + NIBBLES + 8 * place, scale > 0 ? nearest(weights, scale) : bytes16{});
  }
};

// Blocks in lanes: weight i of all in column i.
template <int COUNT>
struct Columns {
  vfloat magnitudes[COUNT];
  double error_weights[COUNT][LANES];
};

// By block: the whole error, and that of the weights beyond the largest level.
struct Errors {
  vdouble all[2];
  vdouble beyond[2];
};

// The level nearest to each magnitude, of doubled E2M1 values times the scale.
QUANTALOUPE_INLINE vfloat nearest_level(vfloat magnitudes, const vfloat (&midpoints)[7],
                                        const vfloat (&steps)[3]) {
  constexpr int STEP[7] = {0, 0, 0, 0, 1, 1, 2};
  vint level_bits[7];
  for (int k = 0; k < 7; k += 1) level_bits[k] = (magnitudes > midpoints[k]) & bits_of(steps[STEP[k]]);
  // Sums of small multiples of the scale are exact in any order.
  const vfloat low = (float_of(level_bits[0]) + float_of(level_bits[1])) +
                     (float_of(level_bits[2]) + float_of(level_bits[3]));
  const vfloat high = (float_of(level_bits[4]) + float_of(level_bits[5])) + float_of(level_bits[6]);
  return low + high;
}

template <int COUNT>
QUANTALOUPE_INLINE Errors errors_of(const Columns<COUNT> &columns, vfloat scale) {
  vfloat midpoints[7];
  for (int k = 0; k < 7; k += 1) midpoints[k] = MIDPOINTS[k] * scale;
  const vfloat steps[3] = {scale, 2 * scale, 4 * scale};
  vdouble most[2];
  widen(12 * scale, most);
  Errors errors = {};
  for (int i = 0; i < COUNT; i += 1) {
    vdouble weight[2], level[2];
    widen(columns.magnitudes[i], weight);
    widen(nearest_level(columns.magnitudes[i], midpoints, steps), level);
    for (int half = 0; half < 2; half += 1) {
      const vdouble distance = weight[half] - level[half];
      const vdouble error = load(columns.error_weights[i] + half * DOUBLES) * (distance * distance);
      errors.all[half] += error;
      errors.beyond[half] += double_of(bits_of(error) & (weight[half] > most[half]));
    }
  }
  return errors;
}

// The byte of least error of every lane, down from the given ones, as doubles; of equal errors the smallest.
template <typename Format>
QUANTALOUPE_INLINE void search_bytes(const Columns<Format::COUNT> &columns, vint byte, vdouble (&best)[2]) {
  vdouble least[2] = {splat(__builtin_inf()), splat(__builtin_inf())};
  vfloat largest = {};
  for (const vfloat &column : columns.magnitudes) largest = maximum(column, largest);
  widen(to_float(byte), best);
  for (;;) {
    const Errors errors = errors_of(columns, Format::scale_of(byte));
    vdouble candidate[2];
    widen(to_float(byte), candidate);
    bool open = false;
    for (int half = 0; half < 2; half += 1) {
      const vlong better = errors.all[half] <= least[half];
      least[half] = select(better, errors.all[half], least[half]);
      best[half] = select(better, candidate[half], best[half]);
      open |= any(~(errors.beyond[half] > least[half]) & (candidate[half] > 0));
    }
    if (!open) return;
    byte = Format::next_byte(byte, largest);
  }
}

// Fills a lane and gives the byte to start from.
template <typename Format>
int load_lane(const float *weights, const double *error_weights, int lane, Columns<Format::COUNT> &columns) {
  double total = 0;
  for (int i = 0; i < Format::COUNT; i += 1) {
    columns.error_weights[i][lane] = error_weights[i];
    total += error_weights[i];
  }
  return total > 0 ? Format::first_byte(largest_magnitude<Format::COUNT>(weights)) : 0;
}

template <typename Format>
void search_batch(const float *weights, const double *error_weights, size_t first, int count, uint8_t *out) {
  Columns<Format::COUNT> columns;
  const float *blocks[LANES];
  int32_t bytes[LANES];
  for (int lane = 0; lane < LANES; lane += 1) {
    const size_t at = Format::COUNT * (first + (lane < count ? lane : count - 1));
    blocks[lane] = weights + at;
    bytes[lane] = load_lane<Format>(blocks[lane], error_weights + at, lane, columns);
  }
  load_columns(blocks, columns.magnitudes);
  for (vfloat &column : columns.magnitudes) column = magnitude(column);
  vdouble best[2];
  search_bytes<Format>(columns, load(bytes), best);
  double chosen[LANES];
  for (int half = 0; half < 2; half += 1) store(chosen + half * DOUBLES, best[half]);
  for (int lane = 0; lane < count; lane += 1) {
    Format::store_block(blocks[lane], first + lane, (uint8_t)chosen[lane], out);
  }
}

template <typename Format>
void search(const SearchedBlocks &blocks, size_t count) {
  for (size_t first = 0; first < count; first += LANES) {
    const int lanes = count - first < (size_t)LANES ? (int)(count - first) : LANES;
    search_batch<Format>(blocks.weights, blocks.error_weights, first, lanes, blocks.out);
  }
}

void search_mx(const SearchedBlocks &blocks) { search<Mx>(blocks, blocks.count); }
void search_nv(const SearchedBlocks &blocks) { search<Nv>(blocks, 4 * blocks.count); }

}  // namespace

extern const OptimalKernel optimal_MXFP4 = {search_mx, nullptr, nullptr};
extern const OptimalKernel optimal_NVFP4 = {search_nv, nullptr, nullptr};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
