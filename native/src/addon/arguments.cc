#include "arguments.h"

#include <cmath>
#include <string>

namespace quantaloupe {

namespace {

constexpr double LARGEST_EXACT = 9007199254740991.0;

// Asks Node-API directly: the wrapper's typed arrays want an ArrayBuffer, and a SharedArrayBuffer is none.
template <typename T>
View<T> view(const Napi::CallbackInfo &info, size_t index, const char *name, napi_typedarray_type wanted,
             const char *wanted_name) {
  const Napi::Env env = info.Env();
  const std::string problem = std::string(name) + " must be a " + wanted_name;
  if (!info[index].IsTypedArray()) throw Napi::TypeError::New(env, problem);
  napi_typedarray_type type;
  size_t length;
  void *data;
  const napi_status status = napi_get_typedarray_info(env, info[index], &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok) throw Napi::Error::New(env);
  if (type != wanted) throw Napi::TypeError::New(env, problem);
  if (reinterpret_cast<uintptr_t>(data) % alignof(T) != 0) {
    throw Napi::RangeError::New(env, std::string(name) + " is not aligned");
  }
  return {static_cast<T *>(data), length};
}

double whole_number(const Napi::CallbackInfo &info, size_t index, const char *name) {
  const double value = info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : NAN;
  if (value >= 0 && value <= LARGEST_EXACT && value == std::floor(value)) return value;
  throw Napi::TypeError::New(info.Env(), std::string(name) + " must be a whole number");
}

}  // namespace

View<float> floats(const Napi::CallbackInfo &info, size_t index, const char *name) {
  return view<float>(info, index, name, napi_float32_array, "Float32Array");
}

View<double> doubles(const Napi::CallbackInfo &info, size_t index, const char *name) {
  return view<double>(info, index, name, napi_float64_array, "Float64Array");
}

View<uint8_t> bytes(const Napi::CallbackInfo &info, size_t index, const char *name) {
  return view<uint8_t>(info, index, name, napi_uint8_array, "Uint8Array");
}

View<uint32_t> words(const Napi::CallbackInfo &info, size_t index, const char *name) {
  return view<uint32_t>(info, index, name, napi_uint32_array, "Uint32Array");
}

size_t positive(const Napi::CallbackInfo &info, size_t index, const char *name) {
  const double value = whole_number(info, index, name);
  if (value < 1) throw Napi::RangeError::New(info.Env(), std::string(name) + " must be 1 or more");
  return static_cast<size_t>(value);
}

size_t place(const Napi::CallbackInfo &info, size_t index, size_t count, const char *name) {
  const double value = whole_number(info, index, name);
  if (value < static_cast<double>(count)) return static_cast<size_t>(value);
  throw Napi::RangeError::New(info.Env(), std::string(name) + " must be less than " + std::to_string(count));
}

bool is_null(const Napi::CallbackInfo &info, size_t index) { return info[index].IsNull(); }

void need_length(Napi::Env env, const char *name, size_t length, size_t needed) {
  if (length == needed) return;
  const std::string found = std::to_string(length), wanted = std::to_string(needed);
  throw Napi::RangeError::New(env, std::string(name) + " has " + found + " values, " + wanted + " are needed");
}

}  // namespace quantaloupe
