// Q6_K; layout and twin: main/engine/quantizers/q6-k.ts (ggml-quants.c: quantize_row_q6_K_ref, _impl).
#include "nested_search.h"
#include "sub_blocks_16.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

constexpr int BYTES = 210;
constexpr int HIGH = 128;
constexpr int SCALES = 192;
constexpr int D = 208;
constexpr int MAX_CODE = 32;

// Importance weighs each sub-block's search as it is; without it the squared weights do.
void search_scales(const float *weights, const float *importance, float *scales, float *inverses) {
  for (int first = 0; first < SUB_BLOCKS; first += LANES) {
    WeightedBlocks<SUB_BLOCK> blocks;
    load_sub_blocks(weights, first, blocks.x);
    if (importance) load_sub_blocks(importance, first, blocks.w);
    for (int i = 0; i < SUB_BLOCK; i += 1) {
      if (!importance) blocks.w[i] = blocks.x[i] * blocks.x[i];
      blocks.wx[i] = blocks.w[i] * blocks.x[i];
    }
    const SymmetricFit fit = search_symmetric<MAX_CODE>(blocks, signed_extreme(blocks.x));
    store(scales + first, fit.scale);
    store(inverses + first, fit.inverse);
  }
}

// Quantizes the scales of a batch: the one of largest magnitude becomes -128. Writes d into the blocks.
void quantize_scales(const BlockBatch &batch, const SubBlockTable &table,
                     int32_t (&scale_codes)[LANES][SUB_BLOCKS], uint32_t &empty) {
  vfloat scales[SUB_BLOCKS];
  load_table(table, scales);
  const vfloat extreme = signed_extreme(scales);
  const vfloat inverse = splat(-128.f) / extreme;
  vint codes[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) codes[j] = minimum(nearest_int(inverse * scales[j]), splat(127));
  store_columns(codes, scale_codes);
  const vint halves = float_to_half(1.f / inverse);
  for (int lane = 0; lane < batch.count; lane += 1) store_half(batch.out[lane] + D, (uint16_t)halves[lane]);
  empty = mask_bits(magnitude(extreme) < ALL_ZERO);
}

void pack(const bytes16 (&codes)[SUB_BLOCKS], uint8_t *out) {
  for (int part = 0; part < 4; part += 1) {
    // 16 columns of a half: the sub-blocks part, part + 2, part + 4, part + 6 of that half.
    const bytes16 *of = codes + 8 * (part >> 1) + (part & 1);
    uint8_t *low = out + 64 * (part >> 1) + 16 * (part & 1);
    uint8_t *high = out + HIGH + 32 * (part >> 1) + 16 * (part & 1);
    store_bytes(low, (of[0] & 15) | of[4] << 4);
    store_bytes(low + 32, (of[2] & 15) | of[6] << 4);
    store_bytes(high, of[0] >> 4 | (of[2] >> 4) << 2 | (of[4] >> 4) << 4 | (of[6] >> 4) << 6);
  }
}

void encode(const float *weights, const int32_t *scale_codes, const float *inverses, uint8_t *out) {
  const float d = half_to_float(load_half(out + D));
  bytes16 codes[SUB_BLOCKS];
  for (int j = 0; j < SUB_BLOCKS; j += 1) {
    const float *from = weights + SUB_BLOCK * j;
    out[SCALES + j] = (uint8_t)scale_codes[j];
    codes[j] = encode_sub_block<MAX_CODE>(from, d * (float)scale_codes[j], [&] {
      return searched_codes<MAX_CODE>(from, inverses[j]);
    });
  }
  pack(codes, out);
}

void quantize_batch(const BlockBatch &batch) {
  SubBlockTable scales = {};
  SubBlockTable inverses;
  for (int lane = 0; lane < batch.count; lane += 1) {
    search_scales(batch.weights[lane], batch.importance[lane], scales[lane], inverses[lane]);
  }
  int32_t scale_codes[LANES][SUB_BLOCKS];
  uint32_t empty;
  quantize_scales(batch, scales, scale_codes, empty);
  for (int lane = 0; lane < batch.count; lane += 1) {
    if (empty >> lane & 1) {
      memset(batch.out[lane], 0, BYTES);
    } else {
      encode(batch.weights[lane], scale_codes[lane], inverses[lane], batch.out[lane]);
    }
  }
}

void quantize(const Rows &rows) { for_each_block_batch<SUPER_BLOCK, BYTES>(rows, quantize_batch); }

void dequantize(const uint8_t *bytes, size_t blocks, float *out) {
  for (size_t block = 0; block < blocks; block += 1, bytes += BYTES, out += SUPER_BLOCK) {
    const float d = half_to_float(load_half(bytes + D));
    for (int part = 0; part < 4; part += 1) {
      const int sub = 8 * (part >> 1) + (part & 1);
      const uint8_t *low = bytes + 64 * (part >> 1) + 16 * (part & 1);
      const bytes16 lower = load_bytes(low);
      const bytes16 upper = load_bytes(low + 32);
      const bytes16 bits = load_bytes(bytes + HIGH + 32 * (part >> 1) + 16 * (part & 1));
      const bytes16 codes[4] = {
          (lower & 15) | (bits & 3) << 4,
          (upper & 15) | (bits & 12) << 2,
          lower >> 4 | (bits & 48),
          upper >> 4 | (bits & 192) >> 2,
      };
      for (int k = 0; k < 4; k += 1) {
        const int8_t scale = (int8_t)bytes[SCALES + sub + 2 * k];
        store_scaled(out + SUB_BLOCK * (sub + 2 * k), d * scale, codes[k] - MAX_CODE);
      }
    }
  }
}

void search(const SearchedBlocks &blocks) {
  search_nested<WholeLayout<MAX_CODE, 128>, SUPER_BLOCK, BYTES>(blocks, [](const auto &found, uint8_t *out) {
    bytes16 codes[SUB_BLOCKS];
    for (int j = 0; j < SUB_BLOCKS; j += 1) codes[j] = load_bytes(found.codes + SUB_BLOCK * j);
    memcpy(out + SCALES, found.scales, SUB_BLOCKS);
    pack(codes, out);
    store_half(out + D, found.d);
  });
}

void ggml_error_weights(const float *weights, const float *importance, size_t count, double *out) {
  for (size_t i = 0; i < count; i += 1) {
    out[i] = importance ? (double)importance[i] : (double)weights[i] * (double)weights[i];
  }
}

}  // namespace

extern const OptimalKernel optimal_Q6_K = {search, ggml_error_weights, nullptr};
extern const FormatKernel kernel_Q6_K = {"Q6_K", SUPER_BLOCK, BYTES, quantize, dequantize, &optimal_Q6_K};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
