#include "grids.h"

#include <cstring>
#include <vector>

#include "codebooks.h"

namespace quantaloupe {
namespace {

constexpr uint32_t GROUP = 16;
constexpr uint32_t MAX_SIZE = 2048;
// Above every squared distance between codes; the largest is 4 * 7 * 7.
constexpr uint8_t NO_DISTANCE = 255;

// What a Grid points to.
struct GridStorage {
  std::vector<uint8_t> codes;
  std::vector<int16_t> index;
  std::vector<NeighbourList> lists;
  std::vector<uint32_t> neighbours;
  Grid grid;
};

// Neighbours are all points of the `rings` smallest distances, by distance and then by number.
class GridBuilder {
 public:
  GridBuilder(const uint16_t *points, uint32_t size, uint32_t dimensions, uint32_t rings)
      : points_(points), size_(size), dimensions_(dimensions), rings_(rings) {}

  const Grid *build() {
    // Never deleted: threads may still quantize while the process ends.
    GridStorage &storage = *new GridStorage;
    number_points(storage);
    prepare_planes();
    storage.lists.assign(patterns(), {0, 0});
    for (uint32_t packed = 0; packed < patterns(); packed += 1) {
      if (storage.index[packed] < 0 && is_possible(packed)) append_list(storage, packed);
    }
    storage.grid = {storage.codes.data(), points_, storage.index.data(), storage.lists.data(),
                    storage.neighbours.data()};
    return &storage.grid;
  }

 private:
  uint32_t bits() const { return dimensions_ == 8 ? 2 : 3; }
  uint32_t levels() const { return 1u << bits(); }
  uint32_t patterns() const { return 1u << (bits() * dimensions_); }
  uint32_t code(uint32_t packed, uint32_t i) const { return packed >> (bits() * i) & (levels() - 1); }

  // Two bits could hold a code of 3, which no rounding gives.
  bool is_possible(uint32_t packed) const { return dimensions_ != 8 || (packed & packed >> 1 & 0x5555) == 0; }

  void number_points(GridStorage &storage) const {
    storage.index.assign(patterns(), -1);
    for (uint32_t number = 0; number < size_; number += 1) {
      storage.index[points_[number]] = (int16_t)number;
      for (uint32_t i = 0; i < dimensions_; i += 1) {
        storage.codes.push_back((uint8_t)code(points_[number], i));
      }
    }
  }

  // The squared distances of all points to one code in one dimension, for each of these.
  void prepare_planes() {
    for (uint32_t i = 0; i < dimensions_; i += 1) {
      for (uint32_t level = 0; level < levels(); level += 1) {
        for (uint32_t number = 0; number < size_; number += 1) {
          const int32_t difference = (int32_t)code(points_[number], i) - (int32_t)level;
          planes_.push_back((uint8_t)(difference * difference));
        }
      }
    }
  }

  void append_list(GridStorage &storage, uint32_t packed) {
    measure_distances(packed);
    uint8_t rings[3];
    for (uint32_t ring = 0; ring < rings_; ring += 1) {
      rings[ring] = smallest_distance(ring ? rings[ring - 1] + 1u : 0);
    }
    uint16_t near[MAX_SIZE + 1];
    uint32_t count = 0;
    for (uint32_t number = 0; number < size_; number += 1) {
      near[count] = (uint16_t)number;
      count += distances_[number] <= rings[rings_ - 1];
    }
    std::vector<uint32_t> &words = storage.neighbours;
    const uint32_t start = (uint32_t)words.size();
    for (uint32_t ring = 0; ring < rings_; ring += 1) {
      for (uint32_t i = 0; i < count; i += 1) {
        const uint32_t place = (uint32_t)words.size() - start;
        if (distances_[near[i]] == rings[ring]) words.push_back(place << 16 | points_[near[i]]);
      }
    }
    words.resize((words.size() + GROUP - 1) / GROUP * GROUP, words[start]);
    storage.lists[packed] = {start, count};
  }

  void measure_distances(uint32_t packed) {
    memset(distances_, 0, size_);
    for (uint32_t i = 0; i < dimensions_; i += 1) {
      const uint8_t *plane = &planes_[(i * levels() + code(packed, i)) * size_];
      for (uint32_t number = 0; number < size_; number += 1) distances_[number] += plane[number];
    }
  }

  uint8_t smallest_distance(uint32_t above) const {
    uint8_t smallest = NO_DISTANCE;
    for (uint32_t number = 0; number < size_; number += 1) {
      const uint8_t distance = distances_[number] < above ? NO_DISTANCE : distances_[number];
      smallest = distance < smallest ? distance : smallest;
    }
    return smallest;
  }

  const uint16_t *points_;
  uint32_t size_;
  uint32_t dimensions_;
  uint32_t rings_;
  std::vector<uint8_t> planes_;
  uint8_t distances_[MAX_SIZE];
};

template <uint32_t SIZE>
const Grid *build(const uint16_t (&points)[SIZE], uint32_t dimensions, uint32_t rings) {
  return GridBuilder(points, SIZE, dimensions, rings).build();
}

const Grid &iq2_xxs() {
  static const Grid *const made = build(IQ2_XXS_POINTS, 8, 2);
  return *made;
}
const Grid &iq2_xs() {
  static const Grid *const made = build(IQ2_XS_POINTS, 8, 2);
  return *made;
}
const Grid &iq2_s() {
  static const Grid *const made = build(IQ2_S_POINTS, 8, 1);
  return *made;
}
const Grid &iq1() {
  static const Grid *const made = build(IQ1_POINTS, 8, 3);
  return *made;
}
const Grid &iq3_xxs() {
  static const Grid *const made = build(IQ3_XXS_POINTS, 4, 2);
  return *made;
}
const Grid &iq3_s() {
  static const Grid *const made = build(IQ3_S_POINTS, 4, 3);
  return *made;
}

}  // namespace

const Grid &grid(GridId id) {
  switch (id) {
    case GridId::IQ2_XXS:
      return iq2_xxs();
    case GridId::IQ2_XS:
      return iq2_xs();
    case GridId::IQ2_S:
      return iq2_s();
    case GridId::IQ1:
      return iq1();
    case GridId::IQ3_XXS:
      return iq3_xxs();
    default:
      return iq3_s();
  }
}

}  // namespace quantaloupe
