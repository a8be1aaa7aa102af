// Q3_K; layout and twin: main/engine/quantizers/q3-k.ts (ggml-quants.c: quantize_row_q3_K_ref, _impl).
#include "ggml_error_weights.h"
#include "nested_search.h"
#include "refined_search.h"
#include "sub_blocks_16.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 110;
constexpr int LOW = 32;
constexpr int SCALES = 96;
constexpr int D = 108;
constexpr int MAX_CODE = 4;
constexpr int MAX_SCALE = 32;

// What encodes a batch: 0 ... 63 per scale, stored as they are, and d.
struct Scales {
  int32_t codes[LANES][SUB_BLOCKS];
  uint16_t d[LANES];
};

void store_scales(const vint (&codes)[SUB_BLOCKS], vfloat d, Scales &scales) {
  store_columns(codes, scales.codes);
  const vint halves = float_to_half(d);
  for (int lane = 0; lane < LANES; lane += 1) scales.d[lane] = (uint16_t)halves[lane];
}

// Without importance: the scale of largest magnitude takes the lowest code.
void quantize_scales(const SubBlockTable &table, Scales &scales) {
  vfloat values[SUB_BLOCKS];
  load_table(table, values);
  const vfloat extreme = signed_extreme(values);
  const vint empty = extreme == 0.f;
  const vfloat inverse = splat(-(float)MAX_SCALE) / extreme;
  vint codes[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    const vint code = minimum(nearest_int(inverse * values[j]), splat(MAX_SCALE - 1)) + MAX_SCALE;
    codes[j] = select(empty, vint{}, code);
  }
  store_scales(codes, select(empty, vfloat{}, 1.f / inverse), scales);
}

// With importance: the scales are searched for like weights, each as heavy as its sub-block.
void search_scales(const SubBlockTable &table, const SubBlockTable &weight_sums, Scales &scales) {
  WeightedBlocks<SUB_BLOCKS> blocks;
  load_table(table, blocks.x);
  load_table(weight_sums, blocks.w);
  const vfloat extreme = signed_extreme(blocks.x);
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    blocks.wx[j] = blocks.w[j] * blocks.x[j];
    // Scales that are infinite or NaN have the code 0 in every trial.
    blocks.x[j] = select(magnitude(blocks.x[j]) < __builtin_inff(), blocks.x[j], vfloat{});
  }
  const SymmetricFit fit = search_symmetric<MAX_SCALE>(blocks, extreme);
  vint codes[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    const vfloat code = round_code<MAX_SCALE, Passes::BOTH>(fit.inverse * blocks.x[j]);
    codes[j] = select(fit.empty, vint{}, to_int(code) + MAX_SCALE);
  }
  store_scales(codes, fit.scale, scales);
}

void pack_scales(const int32_t (&codes)[SUB_BLOCKS], uint8_t *out) {
  for (int j = 0; j < 8; j += 1) out[j] = (uint8_t)((codes[j] & 15) | codes[j + 8] << 4);
  for (int j = 0; j < 4; j += 1) {
    int bits = 0;
    for (int k = 0; k < 4; k += 1) bits |= codes[j + 4 * k] >> 4 << 2 * k;
    out[8 + j] = (uint8_t)bits;
  }
}

// The code of the scale of sub-block j.
int read_scale(const uint8_t *scales, int j) {
  const int pair = scales[j & 7];
  return (j < 8 ? pair & 15 : pair >> 4) | (scales[8 + (j & 3)] >> 2 * (j >> 2) & 3) << 4;
}

void pack(const bytes16 (&codes)[SUB_BLOCKS], uint8_t *out) {
  for (int column = 0; column < 2; column += 1) {
    bytes16 high = {};
    for (int k = 0; k < 8; k += 1) high |= codes[2 * k + column] >> 2 << k;
    store_bytes(out + 16 * column, high);
    for (int half = 0; half < 2; half += 1) {
      bytes16 low = {};
      for (int k = 0; k < 4; k += 1) low |= (codes[8 * half + 2 * k + column] & 3) << 2 * k;
      store_bytes(out + LOW + 32 * half + 16 * column, low);
    }
  }
}

// Writes a super-block; kept(j) gives the codes of a sub-block whose scale is stored as 0.
template <typename Kept>
QUANTALOUPE_INLINE void encode(const float *weights, const Scales &scales, int lane, uint8_t *out,
                               Kept kept) {
  const float d = half_to_float(scales.d[lane]);
  bytes16 codes[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    const float scale = d * (float)(scales.codes[lane][j] - MAX_SCALE);
    codes[j] = encode_sub_block<MAX_CODE>(weights + SUB_BLOCK * j, scale, [&] { return kept(j); });
  }
  pack(codes, out);
  pack_scales(scales.codes[lane], out + SCALES);
  store_half(out + D, scales.d[lane]);
}

void quantize_plain(const BlockBatch &batch) {
  SubBlockTable table = {};
  // Codes of the searches, as floats: group of LANES sub-blocks, weight, sub-block.
  constexpr int GROUPS = SUB_BLOCKS / LANES;
  vfloat searched[LANES * GROUPS][SUB_BLOCK];
  for (int lane = 0; lane < batch.count; lane += 1) {
    WeightedBlocks<SUB_BLOCK> blocks[GROUPS];
    for (int group = 0; group < GROUPS; group += 1) {
      load_sub_blocks(batch.weights[lane], LANES * group, blocks[group].x);
    }
    vfloat scales[GROUPS];
    search_refined<MAX_CODE>(blocks, searched + lane * GROUPS, scales);
    memcpy(table[lane], scales, sizeof scales);
  }
  Scales scales;
  quantize_scales(table, scales);
  for (int lane = 0; lane < batch.count; lane += 1) {
    encode(batch.weights[lane], scales, lane, batch.out[lane], [&](int j) {
      bytes16 codes;
      for (int i = 0; i < SUB_BLOCK; i += 1) {
        codes[i] = (uint8_t)(searched[lane * GROUPS + j / LANES][i][j % LANES] + MAX_CODE);
      }
      return codes;
    });
  }
}

void quantize_weighted(const BlockBatch &batch) {
  float variances[LANES];
  store(variances, 2.f * sum_of_squares<SUPER_BLOCK>(batch) / (float)SUPER_BLOCK);
  SubBlockTable table = {};
  SubBlockTable inverses;
  SubBlockTable weight_sums = {};
  for (int lane = 0; lane < batch.count; lane += 1) {
    for (int first = 0; first < SUB_BLOCKS; first += LANES) {
      WeightedBlocks<SUB_BLOCK> blocks;
      load_sub_blocks(batch.weights[lane], first, blocks.x);
      load_sub_blocks(batch.importance[lane], first, blocks.w);
      vfloat sum = {};
      for (int i = 0; i < SUB_BLOCK; i += 1) {
        blocks.w[i] *= square_root(variances[lane] + blocks.x[i] * blocks.x[i]);
        blocks.wx[i] = blocks.w[i] * blocks.x[i];
        sum += blocks.w[i];
      }
      const SymmetricFit fit = search_symmetric<MAX_CODE>(blocks, signed_extreme(blocks.x));
      store(&table[lane][first], fit.scale);
      store(&weight_sums[lane][first], sum);
      store(&inverses[lane][first], fit.inverse);
    }
  }
  Scales scales;
  search_scales(table, weight_sums, scales);
  for (int lane = 0; lane < batch.count; lane += 1) {
    encode(batch.weights[lane], scales, lane, batch.out[lane], [&](int j) {
      return searched_codes<MAX_CODE>(batch.weights[lane] + SUB_BLOCK * j, inverses[lane][j]);
    });
  }
}

void quantize(const Rows &rows) {
  if (rows.importance) for_each_block_batch<SUPER_BLOCK, BYTES>(rows, quantize_weighted);
  else for_each_block_batch<SUPER_BLOCK, BYTES>(rows, quantize_plain);
}

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += SUPER_BLOCK) {
    const float d = half_to_float(load_half(bytes + D));
    // Unrolled, because shifts of bytes are cheap by constants only.
#pragma GCC unroll 16
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      const int column = SUB_BLOCK * (j & 1);
      const bytes16 low = load_bytes(bytes + LOW + 32 * (j >> 3) + column) >> 2 * (j >> 1 & 3) & 3;
      const bytes16 high = (load_bytes(bytes + column) >> (j >> 1) & 1) << 2;
      const float scale = d * (float)(read_scale(bytes + SCALES, j) - MAX_SCALE);
      store_scaled(out + SUB_BLOCK * j, scale, (low | high) - MAX_CODE);
    }
  }
}

void search(const SearchedBlocks &blocks) {
  search_nested<WholeLayout<MAX_CODE, MAX_SCALE>, SUPER_BLOCK, BYTES>(blocks, [](const auto &found, uint8_t *out) {
    int32_t scales[SUB_BLOCKS];
    bytes16 codes[SUB_BLOCKS];
    for (int j = 0; j < SUB_BLOCKS; j += 1) {
      scales[j] = found.scales[j] + MAX_SCALE;
      codes[j] = load_bytes(found.codes + SUB_BLOCK * j);
    }
    pack(codes, out);
    pack_scales(scales, out + SCALES);
    store_half(out + D, found.d);
  });
}

void ggml_error_weights(const float *weights, const float *importance, size_t count, double *out) {
  if (!importance) return square_doubly(weights, count, out);
  weigh_blocks<SUPER_BLOCK>(weights, importance, count, out, [](float sum) { return 2.f * sum / (float)SUPER_BLOCK; });
}

}  // namespace

extern const OptimalKernel optimal_Q3_K = {search, ggml_error_weights, nullptr};
extern const FormatKernel kernel_Q3_K = {"Q3_K", SUPER_BLOCK, BYTES, quantize, dequantize, &optimal_Q3_K};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
