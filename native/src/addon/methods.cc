#include "methods.h"

#include <string>

#include "arguments.h"

namespace quantaloupe {

namespace {

const Target &target_of(const Napi::CallbackInfo &info) { return *static_cast<const Target *>(info.Data()); }

const FormatKernel &format_of(const Napi::CallbackInfo &info, size_t index) {
  const Target &target = target_of(info);
  return *target.formats[place(info, index, format_count(target), "format")];
}

// Argument 1 of `quantize` and `measure`: the place of the method in the addon's list.
Method method_of(const Napi::CallbackInfo &info, const FormatKernel &format) {
  const Method method = static_cast<Method>(place(info, 1, METHODS, "method"));
  if (has_method(format, method)) return method;
  throw Napi::TypeError::New(info.Env(), std::string(format.name) + " has no method " + METHOD_NAMES[method]);
}

// Arguments 2 to 4 of `quantize` and `measure`: weights, row length, importance or null.
Rows rows_of(const Napi::CallbackInfo &info, const FormatKernel &format) {
  const Napi::Env env = info.Env();
  const View<float> weights = floats(info, 2, "weights");
  const size_t row_length = positive(info, 3, "rowLength");
  if (row_length % format.block_size != 0) {
    throw Napi::RangeError::New(env, "rowLength must be a multiple of " + std::to_string(format.block_size));
  }
  if (weights.length == 0 || weights.length % row_length != 0) {
    throw Napi::RangeError::New(env, "weights must be whole rows, at least one");
  }
  const float *importance = nullptr;
  if (!is_null(info, 4)) {
    const View<float> vector = floats(info, 4, "importance");
    need_length(env, "importance", vector.length, row_length);
    importance = vector.data;
  }
  return {weights.data, importance, weights.length / row_length, row_length, nullptr};
}

size_t weight_count(const Rows &rows) { return rows.rows * rows.row_length; }

uint8_t *encoded_bytes(const Napi::CallbackInfo &info, size_t index, const FormatKernel &format, size_t weights) {
  const View<uint8_t> out = bytes(info, index, "out");
  need_length(info.Env(), "out", out.length, weights / format.block_size * format.block_bytes);
  return out.data;
}

// (format, method, weights, rowLength, importance | null, out)
Napi::Value quantize(const Napi::CallbackInfo &info) {
  const FormatKernel &format = format_of(info, 0);
  const Method method = method_of(info, format);
  Rows rows = rows_of(info, format);
  rows.out = encoded_bytes(info, 5, format, weight_count(rows));
  target_of(info).quantize(format, method, rows);
  return info.Env().Undefined();
}

// (format, bytes, out)
Napi::Value dequantize(const Napi::CallbackInfo &info) {
  const FormatKernel &format = format_of(info, 0);
  const View<uint8_t> blocks = bytes(info, 1, "bytes");
  const View<float> out = floats(info, 2, "out");
  if (blocks.length % format.block_bytes != 0) {
    throw Napi::RangeError::New(info.Env(), "bytes must be whole blocks of " + std::to_string(format.block_bytes));
  }
  const size_t count = blocks.length / format.block_bytes;
  need_length(info.Env(), "out", out.length, count * format.block_size);
  if (count > 0) format.dequantize(blocks.data, count, out.data);
  return info.Env().Undefined();
}

View<uint32_t> band_starts_of(const Napi::CallbackInfo &info, size_t index, size_t row_length) {
  const View<uint32_t> starts = words(info, index, "bandStarts");
  bool ascending = starts.length >= 2 && starts.data[0] == 0 && starts.data[starts.length - 1] == row_length;
  for (size_t i = 1; ascending && i < starts.length; i += 1) ascending = starts.data[i - 1] < starts.data[i];
  if (ascending) return starts;
  throw Napi::RangeError::New(info.Env(), "bandStarts must rise from 0 to rowLength");
}

// Quants that have no weight to be compared with count as 0, as their weights do.
void leave_out(const Napi::CallbackInfo &info, size_t index, const View<float> &quants) {
  const View<uint32_t> skipped = words(info, index, "skipped");
  for (size_t i = 0; i < skipped.length; i += 1) {
    if (skipped.data[i] >= quants.length) throw Napi::RangeError::New(info.Env(), "skipped lies outside the weights");
    quants.data[skipped.data[i]] = 0;
  }
}

// (format, method, weights, rowLength, importance | null, bytes, quants, skipped, bandStarts, sums)
Napi::Value measure(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  const FormatKernel &format = format_of(info, 0);
  const Method method = method_of(info, format);
  Rows rows = rows_of(info, format);
  const size_t weights = weight_count(rows);
  rows.out = encoded_bytes(info, 5, format, weights);
  const View<float> quants = floats(info, 6, "quants");
  need_length(env, "quants", quants.length, weights);
  const View<uint32_t> starts = band_starts_of(info, 8, rows.row_length);
  const View<double> sums = doubles(info, 9, "sums");
  need_length(env, "sums", sums.length, COLUMN_ERROR2 + starts.length - 1);
  target_of(info).quantize(format, method, rows);
  format.dequantize(rows.out, weights / format.block_size, quants.data);
  leave_out(info, 7, quants);
  target_of(info).accumulate({rows.weights, quants.data, rows.importance, rows.rows, rows.row_length, starts.data,
                              starts.length - 1, sums.data});
  return env.Undefined();
}

// (values): the place of the first NaN or infinity, -1 if all are finite
Napi::Value find_non_finite(const Napi::CallbackInfo &info) {
  const View<float> values = floats(info, 0, "values");
  const size_t found = target_of(info).find_non_finite(values.data, values.length);
  return Napi::Number::New(info.Env(), found < values.length ? static_cast<double>(found) : -1);
}

// (rows, n, S, forms)
Napi::Value quadratic_forms(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  const View<double> rows = doubles(info, 0, "rows");
  const size_t n = positive(info, 1, "n");
  const View<double> matrix = doubles(info, 2, "S");
  const View<double> forms = doubles(info, 3, "forms");
  if (rows.length % n != 0) throw Napi::RangeError::New(env, "rows must be whole rows");
  // Divided, because n * n may be more than fits.
  if (matrix.length % n != 0 || matrix.length / n != n) throw Napi::RangeError::New(env, "S must be n x n");
  need_length(env, "forms", forms.length, rows.length / n);
  target_of(info).quadratic_forms(rows.data, forms.length, n, matrix.data, forms.data);
  return env.Undefined();
}

}  // namespace

bool has_method(const FormatKernel &format, Method method) {
  if (method == REFERENCE) return format.quantize != nullptr;
  if (!format.optimal) return false;
  return method != EXHAUSTIVE || format.optimal->exhaustive;
}

size_t format_count(const Target &target) {
  size_t count = 0;
  while (target.formats[count]) count += 1;
  return count;
}

Napi::Object methods_of(Napi::Env env, const Target &target) {
  // Functions carry a plain pointer to constant data, so that every thread and context can have its own ones.
  void *data = const_cast<Target *>(&target);
  Napi::Object methods = Napi::Object::New(env);
  methods["target"] = Napi::String::New(env, target.name);
  methods["quantize"] = Napi::Function::New(env, quantize, "quantize", data);
  methods["dequantize"] = Napi::Function::New(env, dequantize, "dequantize", data);
  methods["measure"] = Napi::Function::New(env, measure, "measure", data);
  methods["findNonFinite"] = Napi::Function::New(env, find_non_finite, "findNonFinite", data);
  methods["quadraticForms"] = Napi::Function::New(env, quadratic_forms, "quadraticForms", data);
  return methods;
}

}  // namespace quantaloupe
