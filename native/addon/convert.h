// Converts between JS values and the core's. TypeScript has checked the arguments; a wrong one
// still gives an error, never a wrong number.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/status.h"

namespace drover {

// An Error with the fields of NativeError in src/native/addon.ts.
Napi::Value toError(Napi::Env env, const Status& status);
// Throws it; the value to return from a callback.
Napi::Value fail(Napi::Env env, const Status& status);
Napi::Value failArgument(Napi::Env env, const char* what);

// None for anything that is not exactly such a number.
std::optional<std::uint64_t> toUint(const Napi::Value& value);
std::optional<std::uint64_t> toUint64(const Napi::Value& bigint);
// A time that is not a number counts as absent, a negative one as zero, an infinite one as a
// century.
std::optional<std::uint64_t> toNs(const Napi::Value& milliseconds);
std::optional<std::string> toText(const Napi::Value& value);

// One character per byte: what files hold need not be text.
inline Napi::Value latin1(Napi::Env env, std::string_view bytes) {
  napi_value text = nullptr;
  if (napi_create_string_latin1(env, bytes.data(), bytes.size(), &text) != napi_ok) {
    return env.Undefined();
  }
  return {env, text};
}
inline Napi::Value numberOrNull(Napi::Env env, const std::optional<std::uint64_t>& value) {
  return value ? Napi::Number::New(env, static_cast<double>(*value)) : env.Null();
}
// convert(item) gives a value or what becomes one.
template <class List, class Convert>
Napi::Array arrayOf(Napi::Env env, const List& items, Convert convert) {
  Napi::Array out = Napi::Array::New(env, items.size());
  std::uint32_t index = 0;
  for (const auto& item : items) {
    const Napi::HandleScope scope(env);
    out.Set(index++, convert(item));
  }
  return out;
}
inline Napi::Value number(Napi::Env env, std::uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}
inline Napi::Value milliseconds(Napi::Env env, std::uint64_t ns) {
  return Napi::Number::New(env, static_cast<double>(ns) / 1e6);
}

}  // namespace drover
