// Which instruction sets the addon was built for and this machine can run.
#pragma once

#include <vector>

#include "../target.h"

namespace quantaloupe {

// Best first; never empty.
std::vector<const Target *> runnable_targets();

}  // namespace quantaloupe
