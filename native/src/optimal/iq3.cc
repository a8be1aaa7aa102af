// The searches of IQ3_XXS and IQ3_S; layouts in main/engine/quantizers/iq3-*.ts.
#include "grid_search.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

struct Iq3Xxs {
  static constexpr GridId GRID = GridId::IQ3_XXS;
  static constexpr int SIZE = 256;
  static constexpr int DIMENSIONS = 4;
  static constexpr double LEVELS[] = {4, 12, 20, 28, 36, 44, 52, 62};
  static constexpr double UNIT = 1.0 / 4;
  static constexpr int SUB_BLOCK = 32;
  static constexpr bool EVEN_SIGNS = true;
  static constexpr int BYTES = 98;

  static void pack(const GridChoice<Iq3Xxs> &choice, uint8_t *out) {
    store_half(out, choice.half);
    for (int group = 0; group < SUPER_BLOCK / DIMENSIONS; group += 1) out[2 + group] = (uint8_t)choice.points[group];
    for (int j = 0; j < SUPER_BLOCK / SUB_BLOCK; j += 1) {
      uint32_t word = (uint32_t)choice.codes[j] << 28;
      for (int k = 0; k < 4; k += 1) word |= (choice.signs[4 * j + k] & 127u) << (7 * k);
      memcpy(out + 66 + 4 * j, &word, sizeof word);
    }
  }
};

struct Iq3S {
  static constexpr GridId GRID = GridId::IQ3_S;
  static constexpr int SIZE = 512;
  static constexpr int DIMENSIONS = 4;
  static constexpr double LEVELS[] = {1, 3, 5, 7, 9, 11, 13, 15};
  static constexpr double UNIT = 1;
  static constexpr int SUB_BLOCK = 32;
  static constexpr bool EVEN_SIGNS = false;
  static constexpr int BYTES = 110;

  static void pack(const GridChoice<Iq3S> &choice, uint8_t *out) {
    memset(out, 0, BYTES);
    store_half(out, choice.half);
    for (int group = 0; group < SUPER_BLOCK / DIMENSIONS; group += 1) {
      out[2 + group] = (uint8_t)choice.points[group];
      out[66 + group / 8] |= (uint8_t)(choice.points[group] >> 8 << group % 8);
    }
    memcpy(out + 74, choice.signs, sizeof choice.signs);
    write_code_pairs(choice.codes, out + 106);
  }
};

void weigh(const float *weights, const float *importance, size_t row_length, double *out) {
  weigh_grid_row(weights, importance, row_length, 2, 0, out);
}

}  // namespace

const OptimalKernel optimal_IQ3_XXS = {GridSearch<Iq3Xxs>::search, weigh, GridSearch<Iq3Xxs>::exhaust};
const OptimalKernel optimal_IQ3_S = {GridSearch<Iq3S>::search, weigh, GridSearch<Iq3S>::exhaust};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
