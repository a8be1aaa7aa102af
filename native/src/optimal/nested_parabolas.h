// The errors of the sub-blocks of a super-block as the least of parabolas; what they are and why:
// main/engine/quantizers/optimal/nested-parabolas.ts.
//
// Breakpoints are sorted in lanes, one sub-block to a lane, as floats whose lowest bits name the weight: those closer
// than 2^-17 may come in the wrong order. The error under codes that are nearest is then missed by at most what
// `loose` says: a weight next to its midpoint differs by w t^2 |l^2 - k^2| 2^-17 between the levels l and k.
#pragma once

#include "nested_layout.h"
#include "simd_double.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

constexpr int NESTED_WEIGHTS = 256;
constexpr double LARGEST_HALF = 65504;

// least + curvature (|t| - centre)^2, for `count` codes of a sub-block.
template <typename Layout>
struct SubBlockParabolas {
  static constexpr int EVENTS = Layout::SUB_BLOCK * Layout::STEPS;
  static constexpr int MOST = 2 * (EVENTS + DOUBLES);
  double least[MOST];
  double centre[MOST];
  double curvature[MOST];
  int count;
  int best;
  double energy;  // sum w x^2
  double loose;
  double floor;  // least error under scales that can be stored

  static constexpr double LIMIT = LARGEST_HALF * Layout::REACH;

  double reached(int at) const {
    const double beyond = centre[at] > LIMIT ? centre[at] - LIMIT : 0;
    return least[at] + curvature[at] * beyond * beyond;
  }
};

// Descending, every lane by itself (Batcher's odd-even merge sort); COUNT is a power of two.
template <int COUNT>
void sort_descending(vint *keys) {
  for (int run = 1; run < COUNT; run *= 2) {
    for (int gap = run; gap >= 1; gap /= 2) {
      for (int first = gap % run; first + gap < COUNT; first += 2 * gap) {
        if (gap < run && (first + gap) % (2 * run) == 0) continue;
        for (int i = first; i < first + gap; i += 1) {
          const vint a = keys[i];
          const vint b = keys[i + gap];
          keys[i] = maximum(a, b);
          keys[i + gap] = minimum(a, b);
        }
      }
    }
  }
}

constexpr int PLACES = 31;  // the bits of a breakpoint that name its weight

// Breakpoints x / midpoint for scales of one sign, of LANES sub-blocks; 0 where there is none.
template <typename Layout>
void collect_breakpoints(const vfloat (&x)[Layout::SUB_BLOCK], const vint (&counts)[Layout::SUB_BLOCK], float sign,
                         vint *keys) {
  for (int i = 0; i < Layout::SUB_BLOCK; i += 1) {
    const vfloat value = sign * x[i];
    const vint up = value > 0;
    for (int step = 0; step < Layout::STEPS; step += 1) {
      const int above = Layout::BASE + step;
      const int below = Layout::BASE - 1 - step;
      const float inverse_above = above + 1 < Layout::LEVELS ? (float)(1 / midpoint<Layout>(above)) : 0;
      // Whole levels have the step that one side lacks on both: one order serves both signs.
      const float inverse_below = (float)(1 / midpoint<Layout>(below));
      const vfloat t = value * select(up, splat(Layout::SYMMETRIC ? -inverse_below : inverse_above), splat(inverse_below));
      keys[i * Layout::STEPS + step] = ((bits_of(t) & ~PLACES) | i) & counts[i] & (t > 0);
    }
  }
}

// What the steps from the base outward change: the level, and its square.
template <typename Layout>
struct Steps {
  double level[2][Layout::STEPS];
  double square[2][Layout::STEPS];
  double midpoint_before[2][Layout::STEPS];  // its magnitude
  uint8_t count[2];

  constexpr Steps() : level(), square(), midpoint_before(), count() {
    count[0] = Layout::LEVELS - 1 - Layout::BASE;
    count[1] = Layout::BASE;
    for (int step = 0; step < Layout::STEPS; step += 1) {
      const double below = -midpoint<Layout>(Layout::BASE - 1 - step);
      const bool is_last = Layout::BASE + step + 1 >= Layout::LEVELS;
      midpoint_before[0][step] = is_last ? below : midpoint<Layout>(Layout::BASE + step);
      midpoint_before[1][step] = below;
    }
    for (int side = 0; side < 2; side += 1) {
      for (int step = 0; step < count[side]; step += 1) {
        const int direction = side == 0 ? 1 : -1;
        const double old = Layout::level(Layout::BASE + direction * step);
        const double next = Layout::level(Layout::BASE + direction * (step + 1));
        level[side][step] = (next - old) * direction;
        square[side][step] = next * next - old * old;
      }
    }
  }
};

template <typename Layout>
class Sweep {
 public:
  Sweep(const float *weights, const double *error_weights, SubBlockParabolas<Layout> &into)
      : weights(weights), error_weights(error_weights), into(into) {
    for (int i = 0; i < Layout::SUB_BLOCK; i += 1) {
      products_of[i] = error_weights[i] * __builtin_fabs((double)weights[i]);
    }
  }

  // Before the first run.
  void clear() {
    into.count = into.best = 0;
    into.energy = into.loose = 0;
    for (int i = 0; i < Layout::SUB_BLOCK; i += 1) {
      into.energy += error_weights[i] * ((double)weights[i] * (double)weights[i]);
    }
    into.floor = into.energy;
  }

  // Keeps the codes of the sweep that are nearest below a limit, for scales of this sign. `keys` is a column of
  // LANES; of whole levels, codes that the other sign has too are left out.
  void run(const int32_t *keys, float sign) {
    constexpr Steps<Layout> STEPS;
    constexpr int EVENTS = SubBlockParabolas<Layout>::EVENTS;
    constexpr float LIMIT = (float)(SubBlockParabolas<Layout>::LIMIT * 1.0001);
    int32_t limit;
    memcpy(&limit, &LIMIT, sizeof limit);
    uint8_t side[Layout::SUB_BLOCK];
    uint8_t step[Layout::SUB_BLOCK] = {};
    double products = 0;
    double squares = 0;
    constexpr double START = Layout::level(Layout::BASE);
    for (int i = 0; i < Layout::SUB_BLOCK; i += 1) {
      side[i] = sign * weights[i] > 0 ? 0 : 1;
      if (START == 0) continue;
      products += error_weights[i] * (sign * (double)weights[i] * START);
      squares += error_weights[i] * (START * START);
    }
    bool keeps = !Layout::SYMMETRIC || sign > 0;
    const int from = into.count;
    int count = from;
    double chain = 0;
    int links = 0;
    double reversed = 0;
    int32_t key = keys[0];
    if (keeps && key <= limit) {
      into.centre[count] = products;
      into.curvature[count++] = squares;
    }
    for (int n = 0; n < EVENTS && key > PLACES; n += 1) {
      const int i = key & PLACES;
      const int32_t next = n + 1 < EVENTS ? keys[(n + 1) * LANES] : 0;
      const int of = side[i];
      const int at = step[i]++;
      keeps |= at == Layout::STEPS - 1;
      if (at < STEPS.count[of]) {
        products += products_of[i] * STEPS.level[of][at];
        squares += error_weights[i] * STEPS.square[of][at];
        if (keeps && next <= limit) {
          into.centre[count] = products;
          into.curvature[count++] = squares;
        }
        chain += error_weights[i] * STEPS.square[of][at];
      }
      if (next > PLACES && key / (PLACES + 1) - next / (PLACES + 1) <= 1) {
        const int other = next & PLACES;
        const double after = __builtin_fabs((double)weights[other]) * STEPS.midpoint_before[of][at];
        const double before = __builtin_fabs((double)weights[i]) * STEPS.midpoint_before[side[other]][step[other]];
        const double gap = (after - before) / after;
        if (gap > reversed) reversed = gap;
        links += 1;
      } else {
        if (reversed > 0) loosen(key, chain * links * reversed);
        reversed = 0;
        links = 0;
        chain = 0;
      }
      key = next;
    }
    into.count = count;
    finish(from);
  }

 private:
  void loosen(int32_t key, double changes) {
    float t;
    memcpy(&t, &key, sizeof t);
    const double loose = 2 * changes * (double)t * (double)t;
    if (loose > into.loose) into.loose = loose;
  }

  // Turns sums into parabolas, and drops those whose best scale has the other sign.
  void finish(int from) {
    int kept = from;
    for (int at = from; at < into.count; at += 1) {
      const double products = into.centre[at];
      const double squares = into.curvature[at];
      const double centre = products / squares;
      const double least = into.energy - centre * products;
      if (!(products > 0)) continue;
      into.centre[kept] = centre;
      into.curvature[kept] = squares;
      into.least[kept] = least > 0 ? least : 0;
      const double reached = into.reached(kept);
      if (reached < into.floor) {
        into.floor = reached;
        into.best = kept;
      }
      kept += 1;
    }
    into.count = kept;
  }

  const float *weights;
  const double *error_weights;
  SubBlockParabolas<Layout> &into;
  double products_of[Layout::SUB_BLOCK];
};

// The parabolas of all sub-blocks of a super-block.
template <typename Layout>
void find_parabolas(const float *weights, const double *error_weights, SubBlockParabolas<Layout> *parabolas) {
  constexpr int SIZE = Layout::SUB_BLOCK;
  constexpr int SUB_BLOCKS = NESTED_WEIGHTS / SIZE;
  constexpr int EVENTS = SIZE * Layout::STEPS;
  vint keys[EVENTS];
  for (int first = 0; first < SUB_BLOCKS; first += LANES) {
    const int lanes = SUB_BLOCKS - first < LANES ? SUB_BLOCKS - first : LANES;
    vfloat x[SIZE];
    vint counts[SIZE];
    const float *blocks[LANES];
    for (int lane = 0; lane < LANES; lane += 1) {
      blocks[lane] = weights + SIZE * (first + (lane < lanes ? lane : 0));
      const double *of = error_weights + (blocks[lane] - weights);
      for (int i = 0; i < SIZE; i += 1) counts[i][lane] = of[i] > 0 ? -1 : 0;
    }
    load_columns(blocks, x);
    for (float sign = 1; sign >= -1; sign -= 2) {
      if (sign > 0 || !Layout::SYMMETRIC) {
        collect_breakpoints<Layout>(x, counts, sign, keys);
        sort_descending<EVENTS>(keys);
      }
      for (int lane = 0; lane < lanes; lane += 1) {
        SubBlockParabolas<Layout> &into = parabolas[first + lane];
        Sweep<Layout> sweep(blocks[lane], error_weights + (blocks[lane] - weights), into);
        if (sign > 0) sweep.clear();
        sweep.run((const int32_t *)keys + lane, sign);
      }
    }
  }
}

}  // namespace quantaloupe::QUANTALOUPE_TARGET
