// The searches for the least error, by format: each is defined in the .cc of its family beside this file.
#pragma once

#include "kernels.h"

namespace quantaloupe::QUANTALOUPE_TARGET {

#define FORMAT(name) extern const OptimalKernel optimal_##name;
#include "../formats.inc"
#undef FORMAT

}  // namespace quantaloupe::QUANTALOUPE_TARGET
