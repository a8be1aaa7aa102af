#include "targets.h"

namespace quantaloupe {

#if defined(__x86_64__)

namespace baseline {
extern const Target target;
}
namespace avx2 {
extern const Target target;
}
namespace avx512 {
extern const Target target;
}

// These ask the processor and the operating system, which has to save the wider registers.
static bool runs_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

static bool runs_avx512() {
  return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

std::vector<const Target *> runnable_targets() {
  std::vector<const Target *> found;
  if (runs_avx512()) found.push_back(&avx512::target);
  if (runs_avx2()) found.push_back(&avx2::target);
  found.push_back(&baseline::target);
  return found;
}

#else

namespace neon {
extern const Target target;
}

std::vector<const Target *> runnable_targets() { return {&neon::target}; }

#endif

}  // namespace quantaloupe
