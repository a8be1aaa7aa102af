// What `require` of the addon gives: { version, targets, methods, formats, kernels(target) }. See native/index.ts.
#include <napi.h>

#include <string>

#include "methods.h"
#include "targets.h"

namespace quantaloupe {

namespace {

// Raised whenever a function takes other arguments; native/index.ts leaves an addon of another version alone.
constexpr int INTERFACE_VERSION = 2;

Napi::Array names_of(Napi::Env env, const std::vector<const Target *> &targets) {
  Napi::Array names = Napi::Array::New(env, targets.size());
  for (uint32_t i = 0; i < targets.size(); i += 1) names[i] = Napi::String::New(env, targets[i]->name);
  return names;
}

Napi::Array method_names(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env, METHODS);
  for (uint32_t i = 0; i < METHODS; i += 1) names[i] = Napi::String::New(env, METHOD_NAMES[i]);
  return names;
}

Napi::Array methods_of(Napi::Env env, const FormatKernel &kernel) {
  Napi::Array names = Napi::Array::New(env);
  for (uint32_t i = 0; i < METHODS; i += 1) {
    if (has_method(kernel, static_cast<Method>(i))) names[names.Length()] = Napi::String::New(env, METHOD_NAMES[i]);
  }
  return names;
}

// Every target has the same formats.
Napi::Array formats_of(Napi::Env env, const Target &target) {
  Napi::Array formats = Napi::Array::New(env);
  for (uint32_t i = 0; target.formats[i]; i += 1) {
    const FormatKernel &kernel = *target.formats[i];
    Napi::Object format = Napi::Object::New(env);
    format["name"] = Napi::String::New(env, kernel.name);
    format["blockSize"] = Napi::Number::New(env, kernel.block_size);
    format["blockBytes"] = Napi::Number::New(env, kernel.block_bytes);
    format["methods"] = methods_of(env, kernel);
    formats[i] = format;
  }
  return formats;
}

Napi::Value kernels(const Napi::CallbackInfo &info) {
  if (!info[0].IsString()) throw Napi::TypeError::New(info.Env(), "target must be a string");
  const std::string name = info[0].As<Napi::String>();
  for (const Target *target : runnable_targets()) {
    if (name == target->name) return methods_of(info.Env(), *target);
  }
  throw Napi::RangeError::New(info.Env(), "this machine has no target " + name);
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  const std::vector<const Target *> targets = runnable_targets();
  exports["version"] = Napi::Number::New(env, INTERFACE_VERSION);
  exports["targets"] = names_of(env, targets);
  exports["methods"] = method_names(env);
  exports["formats"] = formats_of(env, *targets.front());
  exports["kernels"] = Napi::Function::New(env, kernels, "kernels");
  return exports;
}

}  // namespace

}  // namespace quantaloupe

static Napi::Object initialize(Napi::Env env, Napi::Object exports) { return quantaloupe::initialize(env, exports); }

NODE_API_MODULE(quantaloupe, initialize)
