#include "addon/ram.h"

#include <cstring>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "addon/check.h"
#include "addon/convert.h"
#include "addon/task.h"
#include "core/ram/file_source.h"
#include "core/ram/mapped_source.h"
#include "core/ram/process_source.h"
#include "core/ram/stamps_source.h"
#include "core/ram/watch.h"

namespace drover {

Result<std::vector<Region>> parseRegions(const Napi::Value& value, const char* targetField) {
  using Parsed = Result<std::vector<Region>>;
  if (!value.IsArray()) return Parsed::failed(Status::of(Fault::badArgument, "a list of regions"));
  const auto list = value.As<Napi::Array>();
  std::vector<Region> regions;
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value entry = list.Get(i);
    if (!entry.IsObject()) return Parsed::failed(Status::of(Fault::badArgument, "a region"));
    const auto fields = entry.As<Napi::Object>();
    const auto address = toUint(fields.Get("address"));
    const auto size = toUint(fields.Get("size"));
    const Napi::Value target = fields.Get(targetField);
    const auto at = target.IsBigInt() ? toUint64(target) : toUint(target);
    if (!address || !size || !at) {
      return Parsed::failed(Status::of(Fault::badArgument, "a region's numbers"));
    }
    regions.push_back({*address, *size, *at});
  }
  return Parsed::of(std::move(regions));
}

Result<RegionTable> parseTable(const Napi::Value& value, const char* targetField) {
  Result<std::vector<Region>> regions = parseRegions(value, targetField);
  if (!regions.ok()) return Result<RegionTable>::failed(regions.status);
  return RegionTable::make(std::move(regions.value));
}

Result<Descriptor> openFile(const Napi::Value& file) {
  const auto fd = toUint(file);
  if (fd && *fd <= INT32_MAX) return duplicateRegularFile(static_cast<int>(*fd));
  const auto path = toText(file);
  if (path) return openRegularFile(path->c_str());
  return Result<Descriptor>::failed(Status::of(Fault::badArgument, "a path or a descriptor"));
}

namespace {

struct Bytes {
  std::unique_ptr<std::uint8_t[]> data;
  std::size_t size = 0;
};

// Keeps the copy of the stamps and the source over them together.
struct OwnedStamps {
  std::vector<std::uint8_t> bytes;
  StampsSource source;
  OwnedStamps(std::vector<std::uint8_t> stamps, std::uint64_t start, std::uint64_t step)
      : bytes(std::move(stamps)), source(bytes, start, step) {}
};

Status closedStatus() {
  return Status::of(Fault::badArgument, "this memory was closed");
}

}  // namespace

void Ram::define(Napi::Env env, PerEnvironment& own) {
  const Napi::Function ramClass =
      DefineClass(env, "NativeRam",
                  {InstanceAccessor<&Ram::access>("access"), InstanceMethod<&Ram::check>("check"),
                   InstanceMethod<&Ram::read>("read"), InstanceMethod<&Ram::watch>("watch"),
                   InstanceMethod<&Ram::close>("close")});
  own.ramClass = Napi::Persistent(ramClass);
}

Napi::Value Ram::wrap(Napi::Env env, std::shared_ptr<const PageSource> source) {
  const Napi::Object object = env.GetInstanceData<PerEnvironment>()->ramClass.New({});
  if (env.IsExceptionPending()) return env.Undefined();
  Unwrap(object)->source_ = std::move(source);
  return object;
}

Napi::Value Ram::openShared(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Result<RegionTable> regions = parseTable(info[1], "offset");
  if (!regions.ok()) return fail(env, regions.status);
  Result<Descriptor> file = openFile(info[0]);
  if (!file.ok()) return fail(env, file.status);
  const bool mayShrink = !info[2].IsBoolean() || info[2].As<Napi::Boolean>().Value();

  Result<std::shared_ptr<FileSource>> source =
      FileSource::open(std::move(file.value), std::move(regions.value));
  if (!source.ok()) return fail(env, source.status);
  // SAFETY: mapped only when sealed, or when the caller vouches that nobody shrinks it.
  if (mayShrink && !cannotShrink(source.value->fd())) return wrap(env, std::move(source.value));
  Result<std::shared_ptr<MappedSource>> mapped = MappedSource::open(std::move(source.value));
  if (!mapped.ok()) return fail(env, mapped.status);
  return wrap(env, std::move(mapped.value));
}

Napi::Value Ram::openProcess(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto pid = toUint(info[0]);
  if (!pid || *pid == 0 || *pid > INT32_MAX) return failArgument(env, "a process id");
  Result<RegionTable> regions = parseTable(info[1], "hostAddress");
  if (!regions.ok()) return fail(env, regions.status);
  Result<std::shared_ptr<ProcessSource>> source =
      ProcessSource::open(static_cast<pid_t>(*pid), std::move(regions.value));
  if (!source.ok()) return fail(env, source.status);
  return wrap(env, std::move(source.value));
}

Napi::Value Ram::checkStamps(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    return failArgument(info.Env(), "stamps as bytes");
  }
  const auto array = info[0].As<Napi::Uint8Array>();
  // A copy: the caller may change or transfer its own while we work.
  std::vector<std::uint8_t> stamps(array.Data(), array.Data() + array.ElementLength());
  return startCheck(
      info.Env(), info[1],
      [stamps = std::move(stamps)](
          std::uint64_t start, std::uint64_t step) mutable -> std::shared_ptr<const PageSource> {
        const auto owned = std::make_shared<OwnedStamps>(std::move(stamps), start, step);
        return {owned, &owned->source};
      });
}

Napi::Value Ram::access(const Napi::CallbackInfo& info) {
  if (source_ == nullptr) return fail(info.Env(), closedStatus());
  return Napi::String::New(info.Env(), source_->access());
}

Napi::Value Ram::check(const Napi::CallbackInfo& info) {
  if (source_ == nullptr) return fail(info.Env(), closedStatus());
  return startCheck(info.Env(), info[0],
                    [source = source_](std::uint64_t, std::uint64_t) { return source; });
}

Napi::Value Ram::read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (source_ == nullptr) return fail(env, closedStatus());
  const auto address = toUint(info[0]);
  const auto length = toUint(info[1]);
  if (!address || !length) return failArgument(env, "an address and a length");
  return startTask<Bytes>(
      env,
      [source = source_, at = *address, size = *length](const CancelFlag&) noexcept {
        Bytes bytes{std::unique_ptr<std::uint8_t[]>(new (std::nothrow) std::uint8_t[size]), size};
        if (bytes.data == nullptr) {
          return Result<Bytes>::failed(Status::of(Fault::outOfMemory, "bytes"));
        }
        const Status status = source->read(at, {bytes.data.get(), size});
        return status.ok() ? Result<Bytes>::of(std::move(bytes)) : Result<Bytes>::failed(status);
      },
      [](Napi::Env answerEnv, const Bytes& bytes) -> Napi::Value {
        return Napi::Buffer<std::uint8_t>::Copy(answerEnv, bytes.data.get(), bytes.size);
      });
}

namespace {

std::optional<WatchUntil> toUntil(const std::optional<std::string>& word) {
  if (word == "equals") return WatchUntil::equals;
  if (word == "differs") return WatchUntil::differs;
  if (word == "advances") return WatchUntil::advances;
  return std::nullopt;
}

}  // namespace

Napi::Value Ram::watch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (source_ == nullptr) return fail(env, closedStatus());
  if (!info[0].IsObject()) return failArgument(env, "a request");
  const auto fields = info[0].As<Napi::Object>();
  const auto address = toUint(fields.Get("address"));
  const auto width = toUint(fields.Get("width"));
  const auto until = toUntil(toText(fields.Get("until")));
  const auto value = toUint64(fields.Get("value"));
  const auto timeoutNs = toNs(fields.Get("timeoutMs"));
  if (!address || !width || (*width != 1 && *width != 8) || !value || !timeoutNs || !until) {
    return failArgument(env, "address, width, until, value and timeoutMs");
  }
  const WatchRequest request{*address, static_cast<unsigned>(*width), *until, *value, *timeoutNs};
  return startTask<WatchResult>(
      env,
      [source = source_, request](const CancelFlag& cancel) noexcept {
        return drover::watch(*source, request, cancel);
      },
      [](Napi::Env answerEnv, const WatchResult& result) -> Napi::Value {
        Napi::Object out = Napi::Object::New(answerEnv);
        out.Set("met", result.met);
        out.Set("last", Napi::BigInt::New(answerEnv, result.last));
        out.Set("advanced", Napi::BigInt::New(answerEnv, result.advanced));
        out.Set("elapsedMs", milliseconds(answerEnv, result.elapsedNs));
        return out;
      });
}

Napi::Value Ram::close(const Napi::CallbackInfo& info) {
  source_.reset();
  return info.Env().Undefined();
}

}  // namespace drover
