// The functions of one instruction set that JavaScript calls.
#pragma once

#include <napi.h>

#include "../target.h"

namespace quantaloupe {

// { target, quantize, dequantize, measure, findNonFinite, quadraticForms }, described in native/index.ts.
Napi::Object methods_of(Napi::Env env, const Target &target);

bool has_method(const FormatKernel &format, Method method);

size_t format_count(const Target &target);

}  // namespace quantaloupe
