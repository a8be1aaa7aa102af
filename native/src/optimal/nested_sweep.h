// The errors of sub-blocks as the least of parabolas in their scale; what they are and why:
// main/engine/quantizers/optimal/nested-parabolas.ts. Here DOUBLES sub-blocks are swept at once, a lane each.
//
// Between two breakpoints the error is one parabola. Where breakpoints come in the wrong order, the error under the
// nearest codes is missed by at most what `loose` says: a weight next to its midpoint differs by
// w t^2 |l^2 - k^2| g between the levels l and k, at a part g from the breakpoint.
#pragma once

#include "nested_breakpoints.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

// least + curvature (|t| - centre)^2
struct Parabola {
  double least;
  double centre;
  double curvature;
  double reached;  // least value where it is the error, of scales that can be stored

  double at(double t) const {
    const double offset = t - centre;
    return least + curvature * offset * offset;
  }
};

// Of a sub-block.
struct SweptError {
  double energy;  // sum w x^2, the error at t = 0
  double loose;
  Parabola best;  // its curvature is 0 where nothing is better than t = 0

  double floor() const { return best.reached; }
};

// Sums over codes that are nearest between two breakpoints, and the least error there.
struct SweptCodes {
  vdouble products;
  vdouble squares;
  vdouble reached;
};

template <typename Layout>
class Sweep {
  static constexpr int SIZE = Layout::SUB_BLOCK;

 public:
  static constexpr int EVENTS = Breakpoints<Layout>::COUNT;
  // Of both signs of the scale.
  static constexpr int MOST = 2 * (EVENTS + 1);

  // Takes sub-blocks one after another.
  void load(const float *weights, const double *error_weights) {
    energy = loose = vdouble{};
    count = 0;
    for (int i = 0; i < SIZE; i += 1) {
      for (int lane = 0; lane < DOUBLES; lane += 1) {
        x[i][lane] = weights[SIZE * lane + i];
        w[i][lane] = error_weights[SIZE * lane + i];
      }
      energy += w[i] * (x[i] * x[i]);
    }
    best_reached = best_least = energy;
    best_centre = best_squares = vdouble{};
  }

  // Goes through breakpoints (DOUBLES of every LANES keys), from t = infinity down, for scales of one sign; of whole
  // levels, for both.
  void run(const float *keys, double sign) {
    vdouble products[2] = {{}, {}};
    vdouble squares[2] = {{}, {}};
    list_steps(sign);
    for (int i = 0; i < SIZE && START != 0; i += 1) {
      products[0] += sign * START * (w[i] * x[i]);
      squares[0] += START * START * w[i];
    }
    vfloat_half key = load_half(keys);
    if (START != 0) keep(products[0], squares[0], splat(__builtin_inf()), key, ~vlong{});
    vdouble chain = {};
    vdouble links = {};
    vdouble reversed = {};  // the largest part by which breakpoints are in the wrong order
    vlong near = {};
    vlong has_passed = {};  // a step that only one of the signs has
    for (int n = 0; n < EVENTS; n += 1) {
      const vlong exists = __builtin_convertvector(bits_of(key) > NAMES, vlong);
      if (!any(exists)) break;
      const vfloat_half next = n + 1 < EVENTS ? load_half(keys + (n + 1) * LANES) : vfloat_half{};
      vdouble signed_product;
      vdouble square;
      const vint_half name = bits_of(key) & NAMES;
      for (int lane = 0; lane < DOUBLES; lane += 1) {
        const Steps &of = steps[float_bits(keys[n * LANES + lane]) & NAMES];
        signed_product[lane] = of.products[lane];
        square[lane] = of.squares[lane];
      }
      const vdouble product = double_of(bits_of(magnitude(signed_product)) & exists);
      square = double_of(bits_of(square) & exists);
      const vdouble t = __builtin_convertvector(key, vdouble);
      if (Layout::SYMMETRIC) {
        const vlong down = signed_product < 0;
        const vlong is_last = __builtin_convertvector((name & (Layout::STEPS - 1)) == Layout::STEPS - 1, vlong);
        const vlong above = ~is_last | down;
        const vlong below = ~(is_last & down);
        has_passed |= is_last & exists;
        products[0] += double_of(bits_of(product) & above);
        squares[0] += double_of(bits_of(square) & above);
        products[1] += double_of(bits_of(product) & below);
        squares[1] += double_of(bits_of(square) & below);
        keep(products[0], squares[0], t, next, exists);
        keep(products[1], squares[1], t, next, exists & has_passed);
      } else {
        products[0] += product;
        squares[0] += square;
        keep(products[0], squares[0], t, next, exists);
      }
      chain = double_of(bits_of(chain) & near) + square;
      links = double_of(bits_of(links + 1) & near);
      const vlong counts = __builtin_convertvector(next <= HIGHEST, vlong);
      loose = maximum(loose, double_of(bits_of(chain * links * reversed * (t * t)) & counts));
      const vlong follows = __builtin_convertvector(bits_of(next) > NAMES, vlong);
      const vint_half apart = (bits_of(key) >> NAME_BITS) - (bits_of(next) >> NAME_BITS);
      near = __builtin_convertvector(apart <= 1, vlong) & follows;
      reversed = double_of(bits_of(reversed) & near);
      if (any(near)) {
        const vdouble before = breakpoint(bits_of(key) & NAMES, sign);
        const vdouble after = breakpoint(bits_of(next) & NAMES, sign);
        reversed = maximum(reversed, double_of(bits_of(2 * (after - before) / after) & near));
      }
      key = next;
    }
  }

  SweptError error(int lane) const {
    const Parabola best = {best_least[lane], best_centre[lane], best_squares[lane], best_reached[lane]};
    return {energy[lane], loose[lane], best};
  }

  // Calls add(lane, parabola) for those that reach an error up to `slack` above the floor.
  template <typename Add>
  void for_each_within(double slack, Add add) const {
    const vdouble most = best_reached + slack;
    for (int at = 0; at < count; at += 1) {
      const SweptCodes &one = codes[at];
      for (uint32_t lanes = mask_bits(one.reached <= most); lanes; lanes &= lanes - 1) {
        const int lane = __builtin_ctz(lanes);
        const double centre = one.products[lane] / one.squares[lane];
        const double least = energy[lane] - centre * one.products[lane];
        add(lane, Parabola{least > 0 ? least : 0, centre, one.squares[lane], one.reached[lane]});
      }
    }
  }

 private:
  static constexpr int NAMES = Breakpoints<Layout>::NAMES;
  static constexpr int NAME_BITS = bit_length(EVENTS);
  static constexpr double START = Layout::level(Layout::BASE);
  static constexpr double LIMIT = Breakpoints<Layout>::LIMIT;
  static constexpr float HIGHEST = (float)(LIMIT * 1.001);

  static vfloat_half load_half(const float *from) {
    vfloat_half value;
    memcpy(&value, from, sizeof value);
    return value;
  }

  // What each step changes for scales of this sign.
  void list_steps(double sign) {
    for (int i = 0; i < SIZE; i += 1) {
      const vdouble value = sign * x[i];
      for (int step = 0; step < Layout::STEPS; step += 1) {
        const LevelChange change = Layout::change(step, value < 0);
        Steps &into = steps[i * Layout::STEPS + step];
        store(into.products, w[i] * value * change.level);
        store(into.squares, w[i] * change.square);
      }
    }
  }

  // As exactly as doubles allow.
  vdouble breakpoint(vint_half name, double sign) const {
    vdouble t;
    for (int lane = 0; lane < DOUBLES; lane += 1) {
      const double value = sign * x[name[lane] / Layout::STEPS][lane];
      t[lane] = __builtin_fabs(value) / Layout::midpoint_before(name[lane] % Layout::STEPS, value < 0);
    }
    return t;
  }

  // Codes that are nearest from t down to the next breakpoint.
  void keep(vdouble products, vdouble squares, vdouble t, vfloat_half next, vlong exists) {
    constexpr double WIDER = 1 + 4 * Breakpoints<Layout>::PRECISION;
    const vdouble low = __builtin_convertvector(next, vdouble);
    const vdouble centre = products / squares;
    const vdouble least = maximum(energy - centre * products, vdouble{});
    const vdouble nearest = maximum(minimum(minimum(centre, t * WIDER), splat(LIMIT)), low * (1 / WIDER));
    const vdouble offset = nearest - centre;
    // Codes whose best scale has the other sign are nowhere better than t = 0.
    const vlong matters = exists & (products > 0) & (low <= LIMIT * WIDER);
    const vdouble reached = select(matters, least + squares * offset * offset, splat(__builtin_inf()));
    codes[count++] = {products, squares, reached};
    const vlong better = reached < best_reached;
    best_reached = select(better, reached, best_reached);
    best_least = select(better, least, best_least);
    best_centre = select(better, centre, best_centre);
    best_squares = select(better, squares, best_squares);
  }

  vdouble energy;
  vdouble loose;
  vdouble best_reached;
  vdouble best_least;
  vdouble best_centre;
  vdouble best_squares;
  vdouble x[SIZE];
  vdouble w[SIZE];
  // Products have the sign of the weight.
  struct Steps {
    double products[DOUBLES];
    double squares[DOUBLES];
  };
  Steps steps[EVENTS];
  SweptCodes codes[MOST];
  int count;
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
