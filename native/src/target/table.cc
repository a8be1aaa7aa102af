// What one instruction set has.
#include "../target.h"

#define QUANTALOUPE_QUOTE(text) #text
#define QUANTALOUPE_NAME(text) QUANTALOUPE_QUOTE(text)

namespace quantaloupe::QUANTALOUPE_TARGET {

#define FORMAT(name) extern const FormatKernel kernel_##name;
#include "../formats.inc"
#undef FORMAT

static const FormatKernel *const formats[] = {
#define FORMAT(name) &kernel_##name,
#include "../formats.inc"
#undef FORMAT
    nullptr,
};

void quantize(const FormatKernel &format, Method method, const Rows &rows);
void accumulate(const MeasuredRows &rows);
size_t find_non_finite(const float *values, size_t count);
void quadratic_forms(const double *rows, size_t count, size_t n, const double *S, double *forms);

extern const Target target;
const Target target = {
    QUANTALOUPE_NAME(QUANTALOUPE_TARGET), formats, quantize, accumulate, find_non_finite, quadratic_forms,
};

}  // namespace quantaloupe::QUANTALOUPE_TARGET
