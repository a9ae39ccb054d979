// Converts between JS values and the core's. TypeScript has checked the arguments; a wrong one
// still gives an error, never a wrong number.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>

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

inline Napi::Value number(Napi::Env env, std::uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}
inline Napi::Value milliseconds(Napi::Env env, std::uint64_t ns) {
  return Napi::Number::New(env, static_cast<double>(ns) / 1e6);
}

}  // namespace drover
