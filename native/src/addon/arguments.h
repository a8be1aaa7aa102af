// What JavaScript passes, checked before a kernel sees it. Every check throws a JavaScript error.
#pragma once

#include <napi.h>

namespace quantaloupe {

// The memory of a typed array. It stays valid while the native call runs: no JavaScript can run meanwhile.
template <typename T>
struct View {
  T *data;
  size_t length;
};

View<float> floats(const Napi::CallbackInfo &info, size_t index, const char *name);
View<double> doubles(const Napi::CallbackInfo &info, size_t index, const char *name);
View<uint8_t> bytes(const Napi::CallbackInfo &info, size_t index, const char *name);
View<uint32_t> words(const Napi::CallbackInfo &info, size_t index, const char *name);

// A whole number from 1 up, small enough to be exact.
size_t positive(const Napi::CallbackInfo &info, size_t index, const char *name);

// A whole number from 0 to count - 1.
size_t place(const Napi::CallbackInfo &info, size_t index, size_t count, const char *name);

bool is_null(const Napi::CallbackInfo &info, size_t index);

// "out has 5 values, 8 are needed"
void need_length(Napi::Env env, const char *name, size_t length, size_t needed);

}  // namespace quantaloupe
