// The searches of IQ2_XXS, IQ2_XS and IQ2_S; layouts in main/engine/quantizers/iq2-*.ts.
#include "grid_search.h"
#include "optimal_kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {
namespace {

struct Iq2 {
  static constexpr int DIMENSIONS = 8;
  static constexpr double LEVELS[] = {8, 25, 43};
  static constexpr double UNIT = 1.0 / 8;
};

struct Iq2Xxs : Iq2 {
  static constexpr GridId GRID = GridId::IQ2_XXS;
  static constexpr int SIZE = 256;
  static constexpr int SUB_BLOCK = 32;
  static constexpr bool EVEN_SIGNS = true;
  static constexpr int BYTES = 66;

  static void pack(const GridChoice<Iq2Xxs> &choice, uint8_t *out) {
    store_half(out, choice.half);
    for (int j = 0; j < SUPER_BLOCK / SUB_BLOCK; j += 1) {
      uint8_t *to = out + 2 + 8 * j;
      uint32_t word = (uint32_t)choice.codes[j] << 28;
      for (int k = 0; k < 4; k += 1) {
        to[k] = (uint8_t)choice.points[4 * j + k];
        word |= (choice.signs[4 * j + k] & 127u) << (7 * k);
      }
      memcpy(to + 4, &word, sizeof word);
    }
  }
};

struct Iq2Xs : Iq2 {
  static constexpr GridId GRID = GridId::IQ2_XS;
  static constexpr int SIZE = 512;
  static constexpr int SUB_BLOCK = 16;
  static constexpr bool EVEN_SIGNS = true;
  static constexpr int BYTES = 74;

  static void pack(const GridChoice<Iq2Xs> &choice, uint8_t *out) {
    store_half(out, choice.half);
    for (int group = 0; group < EIGHTS; group += 1) {
      const uint32_t word = choice.points[group] | (choice.signs[group] & 127u) << 9;
      store_half(out + 2 + 2 * group, (uint16_t)word);
    }
    write_code_pairs(choice.codes, out + 66);
  }
};

struct Iq2S : Iq2 {
  static constexpr GridId GRID = GridId::IQ2_S;
  static constexpr int SIZE = 1024;
  static constexpr int SUB_BLOCK = 16;
  static constexpr bool EVEN_SIGNS = false;
  static constexpr int BYTES = 82;

  static void pack(const GridChoice<Iq2S> &choice, uint8_t *out) {
    memset(out, 0, BYTES);
    store_half(out, choice.half);
    for (int group = 0; group < EIGHTS; group += 1) {
      out[2 + group] = (uint8_t)choice.points[group];
      out[34 + group] = choice.signs[group];
      out[66 + group / 4] |= (uint8_t)(choice.points[group] >> 8 << (2 * (group % 4)));
    }
    write_code_pairs(choice.codes, out + 74);
  }
};

void weigh(const float *weights, const float *importance, size_t row_length, double *out) {
  weigh_grid_row(weights, importance, row_length, 1, 0, out);
}

void weigh_iq2_s(const float *weights, const float *importance, size_t row_length, double *out) {
  weigh_grid_row(weights, importance, row_length, 2, 0.25f, out);
}

}  // namespace

const OptimalKernel optimal_IQ2_XXS = {GridSearch<Iq2Xxs>::search, weigh, GridSearch<Iq2Xxs>::exhaust};
const OptimalKernel optimal_IQ2_XS = {GridSearch<Iq2Xs>::search, weigh, GridSearch<Iq2Xs>::exhaust};
const OptimalKernel optimal_IQ2_S = {GridSearch<Iq2S>::search, weigh_iq2_s, GridSearch<Iq2S>::exhaust};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
