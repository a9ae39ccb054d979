#include "addon/convert.h"

#include <cmath>
#include <cstring>

namespace drover {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
constexpr double kLongestMs = 100.0 * 366 * 24 * 3600 * 1000;

const char* codeOf(Fault fault) {
  switch (fault) {
    case Fault::cancelled:
      return "cancelled";
    case Fault::timedOut:
      return "timed-out";
    case Fault::badArgument:
      return "bad-argument";
    case Fault::outOfRange:
      return "out-of-range";
    case Fault::tooSmall:
      return "too-small";
    case Fault::badData:
      return "bad-data";
    case Fault::outOfMemory:
      return "out-of-memory";
    case Fault::system:
      return "system";
    case Fault::none:
      break;
  }
  return "none";
}

std::string messageOf(const Status& status) {
  if (status.fault == Fault::system) {
    return std::string(status.call) + ": " + ::strerrordesc_np(status.sysErrno);
  }
  const std::string what = *status.call == '\0' ? "" : std::string(": ") + status.call;
  return codeOf(status.fault) + what;
}

}  // namespace

Napi::Value toError(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, messageOf(status));
  Napi::Object fields = error.Value();
  fields.Set("code", codeOf(status.fault));
  if (status.fault == Fault::system) {
    const char* name = ::strerrorname_np(status.sysErrno);
    fields.Set("syscall", status.call);
    fields.Set("errno", name == nullptr ? "EUNKNOWN" : name);
  }
  if (status.address != Status::kNoAddress) fields.Set("address", status.address);
  return fields;
}

Napi::Value fail(Napi::Env env, const Status& status) {
  napi_throw(env, toError(env, status));
  return env.Undefined();
}

Napi::Value failArgument(Napi::Env env, const char* what) {
  return fail(env, Status::of(Fault::badArgument, what));
}

std::optional<std::uint64_t> toUint(const Napi::Value& value) {
  if (!value.IsNumber()) return std::nullopt;
  const double wanted = value.As<Napi::Number>().DoubleValue();
  if (!(wanted >= 0 && wanted <= kExactIntegers) || wanted != std::floor(wanted)) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(wanted);
}

std::optional<std::uint64_t> toUint64(const Napi::Value& bigint) {
  if (!bigint.IsBigInt()) return std::nullopt;
  bool lossless = false;
  const std::uint64_t value = bigint.As<Napi::BigInt>().Uint64Value(&lossless);
  return lossless ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> toNs(const Napi::Value& milliseconds) {
  if (!milliseconds.IsNumber()) return std::nullopt;
  const double ms = milliseconds.As<Napi::Number>().DoubleValue();
  if (std::isnan(ms)) return std::nullopt;
  return static_cast<std::uint64_t>(std::fmin(std::fmax(ms, 0), kLongestMs) * 1e6);
}

std::optional<std::string> toText(const Napi::Value& value) {
  if (!value.IsString()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value();
}

}  // namespace drover
