// Q1_0 and Q2_0 with the best f16 scale; the search is few_levels.h, layout: main/engine/quantizers/low-bit.ts.
#include "few_levels.h"
#include "low_bit_codes.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

// Offset of the codes in both.
constexpr int CODES = 2;

// -1 and 1. Codes are the signs of the weights whatever the scale: one parabola, of magnitudes, for positive scales.
struct Binary {
  static constexpr int COUNT = 128;
  static constexpr int BYTES = 18;
  static constexpr int LARGEST = 1;

  static vdouble distance(vdouble weight, vdouble scale) { return weight - scale; }
};

// -1, 0, 1 and 2, under scales of both signs.
struct Quaternary {
  static constexpr int COUNT = 64;
  static constexpr int BYTES = 18;
  static constexpr int LARGEST = 2;
  // From 0 to 1 or -1, and from 1 to 2: numbered by weight, the latter from COUNT on.
  static constexpr int CHANGES = 2 * COUNT;

  static vdouble distance(vdouble weight, vdouble scale) {
    const vdouble near = minimum(magnitude(weight), magnitude(weight - scale));
    return minimum(near, minimum(magnitude(weight + scale), magnitude(weight - 2 * scale)));
  }
};

uint16_t search_binary(const float *weights, const double *error_weights) {
  LevelledBlock<Binary> block;
  block.source = weights;
  block.error_weights = error_weights;
  Pieces<DOUBLES> pieces[1] = {};
  for (int i = 0; i < Binary::COUNT; i += 1) {
    block.weights[i] = __builtin_fabs((double)weights[i]);
    pieces[0].products[0] += error_weights[i] * block.weights[i];
    pieces[0].squares[0] += error_weights[i];
  }
  return search_half_scale(block, pieces);
}

// The lower of two levels has the zeros, and all weights where the scale is 0.
void store_signs(const float *weights, uint16_t d, uint8_t *out) {
  store_half(out, d);
  for (int at = 0; at < Binary::COUNT; at += 16, out += 2) {
    uint32_t bits = 0;
    for (int i = 0; i < 16; i += LANES) bits |= mask_bits(load(weights + at + i) > 0) << i;
    store_half(out + CODES, d ? (uint16_t)bits : (uint16_t)0);
  }
}

void search_q1(const SearchedBlocks &blocks) {
  for (size_t block = 0; block < blocks.count; block += 1) {
    const float *weights = blocks.weights + block * Binary::COUNT;
    const uint16_t d = search_binary(weights, blocks.error_weights + block * Binary::COUNT);
    store_signs(weights, d, blocks.out + block * Binary::BYTES);
  }
}

typedef vfloat Keys[Quaternary::CHANGES];

// Breakpoints under scales of a sign, blocks in lanes. The quotient by 3 is rounded, but never onto a float of 15 bits
// of fraction that it does not equal: three times such a number is a float, at least two thirds of a spacing away.
void sort_breakpoints(const vfloat (&weights)[Quaternary::COUNT], float sign, Keys &keys) {
  for (int i = 0; i < Quaternary::COUNT; i += 1) {
    const vfloat outer = maximum(sign * weights[i], splat(0.f)) / 3.f;
    keys[i] = numbered_breakpoint(magnitude(weights[i]), i);
    keys[Quaternary::COUNT + i] = numbered_breakpoint(outer, Quaternary::COUNT + i);
  }
  sort_descending(keys);
}

uint16_t search_quaternary(const float *weights, const double *error_weights, const float *positive,
                           const float *negative) {
  LevelledBlock<Quaternary> block;
  block.source = weights;
  block.error_weights = error_weights;
  double products[2][Quaternary::CHANGES];
  double squares[Quaternary::CHANGES];
  for (int i = 0; i < Quaternary::COUNT; i += 1) {
    const double weight = block.weights[i] = (double)weights[i];
    const double product = error_weights[i] * __builtin_fabs(weight);
    products[0][i] = products[1][i] = product;
    // Without effect where the sign is the other: the code 2 is not reached.
    products[0][Quaternary::COUNT + i] = weight > 0 ? product : 0;
    products[1][Quaternary::COUNT + i] = weight < 0 ? product : 0;
    squares[i] = error_weights[i];
    squares[Quaternary::COUNT + i] = 3 * error_weights[i];
  }
  Pieces<Quaternary::CHANGES> pieces[2];
  add_up(positive, products[0], squares, pieces[0]);
  add_up(negative, products[1], squares, pieces[1]);
  return search_half_scale(block, pieces);
}

// Codes of the nearest levels; halfway between two it is the lower. A scale of 0 has all codes on 0.
void store_codes(const float *weights, uint16_t d, uint8_t *out) {
  const float scale = half_to_float(d & 0x7fff);
  const float sign = d & 0x8000 ? -1.f : 1.f;
  store_half(out, d);
  for (int at = 0; at < Quaternary::COUNT; at += 16) {
    vint codes[16 / LANES];
    for (int i = 0; i < 16 / LANES; i += 1) {
      const vfloat weight = sign * load(weights + at + LANES * i);
      const vint above = (weight > splat(-0.5f * scale)) + (weight > splat(0.5f * scale));
      codes[i] = scale > 0 ? -above - (weight > splat(1.5f * scale)) : splat(1);
    }
    store_fields(out + CODES + at / 4, narrow(codes));
  }
}

void search_q2(const SearchedBlocks &blocks) {
  for (size_t first = 0; first < blocks.count; first += LANES) {
    const float *weights[LANES];
    for (int lane = 0; lane < LANES; lane += 1) {
      const size_t block = first + lane < blocks.count ? first + lane : blocks.count - 1;
      weights[lane] = blocks.weights + block * Quaternary::COUNT;
    }
    vfloat columns[Quaternary::COUNT];
    Keys keys[2];
    load_columns(weights, columns);
    for (int s = 0; s < 2; s += 1) sort_breakpoints(columns, s ? -1.f : 1.f, keys[s]);
    for (int lane = 0; lane < LANES && first + lane < blocks.count; lane += 1) {
      const double *error_weights = blocks.error_weights + (first + lane) * Quaternary::COUNT;
      const uint16_t d = search_quaternary(weights[lane], error_weights, (const float *)keys[0] + lane,
                                           (const float *)keys[1] + lane);
      store_codes(weights[lane], d, blocks.out + (first + lane) * Quaternary::BYTES);
    }
  }
}

}  // namespace

extern const OptimalKernel optimal_Q1_0 = {search_q1, nullptr, nullptr};
extern const OptimalKernel optimal_Q2_0 = {search_q2, nullptr, nullptr};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
