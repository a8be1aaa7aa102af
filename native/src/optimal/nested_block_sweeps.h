// The sweeps of all sub-blocks of a super-block.
#pragma once

#include "nested_sweep.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

struct NestedBlock {
  const float *weights;
  const double *error_weights;
};

template <typename Layout>
class BlockSweeps {
  static constexpr int SIZE = Layout::SUB_BLOCK;
  static constexpr int SUB_BLOCKS = NESTED_WEIGHTS / SIZE;

 public:
  SweptError errors[SUB_BLOCKS];

  void run(const NestedBlock &block) {
    for (int first = 0; first < SUB_BLOCKS; first += LANES) {
      load(block, first);
      run(first, 1);
      if (!Layout::SYMMETRIC) run(first, -1);
    }
    for (int j = 0; j < SUB_BLOCKS; j += 1) errors[j] = sweeps[j / DOUBLES].error(j % DOUBLES);
  }

  // Calls add(sub-block, parabola) for those that come within `slack` of their sub-block's floor, above it.
  template <typename Add>
  void for_each_within(double slack, Add add) const {
    for (int first = 0; first < SUB_BLOCKS; first += DOUBLES) {
      sweeps[first / DOUBLES].for_each_within(slack, [&](int lane, Parabola one) {
        const double floor = errors[first + lane].floor();
        one.least -= floor;
        one.reached -= floor;
        add(first + lane, one);
      });
    }
  }

 private:
  // Where there are fewer sub-blocks than lanes, the first is there more than once.
  void load(const NestedBlock &block, int first) {
    const float *rows[LANES];
    for (int lane = 0; lane < LANES; lane += 1) {
      const int j = first + lane < SUB_BLOCKS ? first + lane : first;
      rows[lane] = block.weights + SIZE * j;
      for (int i = 0; i < SIZE; i += 1) counts[i][lane] = block.error_weights[SIZE * j + i] > 0 ? -1 : 0;
    }
    load_columns(rows, x);
    for (int j = first; j < SUB_BLOCKS && j < first + LANES; j += DOUBLES) {
      sweeps[j / DOUBLES].load(block.weights + SIZE * j, block.error_weights + SIZE * j);
    }
  }

  void run(int first, float sign) {
    breakpoints.collect(x, counts, sign);
    for (int j = first; j < SUB_BLOCKS && j < first + LANES; j += DOUBLES) {
      sweeps[j / DOUBLES].run((const float *)breakpoints.keys + (j - first), sign);
    }
  }

  vfloat x[SIZE];
  vint counts[SIZE];  // masks of weights that matter
  Breakpoints<Layout> breakpoints;
  Sweep<Layout> sweeps[(SUB_BLOCKS + DOUBLES - 1) / DOUBLES];
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
