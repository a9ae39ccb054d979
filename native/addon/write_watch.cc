// The door to core/ram/write_watch.h: watchWrites in src/native/ram-addon.ts.
#include "core/ram/write_watch.h"

#include <cstring>
#include <utility>

#include "addon/convert.h"
#include "addon/ram.h"
#include "addon/task.h"
#include "core/ram/file_source.h"

namespace drover {
namespace {

Result<WriteWatchRequest> toWriteWatch(const Napi::Value& value) {
  using Parsed = Result<WriteWatchRequest>;
  const auto refused = [] {
    return Parsed::failed(
        Status::of(Fault::badArgument, "heartbeat, step, intervalMs, hasGenerations and slices"));
  };
  if (!value.IsObject()) return refused();
  const auto fields = value.As<Napi::Object>();
  const auto heartbeat = toUint(fields.Get("heartbeat"));
  const auto step = toUint(fields.Get("step"));
  const auto intervalNs = toNs(fields.Get("intervalMs"));
  const Napi::Value slices = fields.Get("slices");
  if (!heartbeat || !step || !intervalNs || !slices.IsArray()) return refused();
  const bool hasGenerations = fields.Get("hasGenerations").ToBoolean();
  WriteWatchRequest request{*heartbeat, *step, *intervalNs, hasGenerations, {}};
  const auto list = slices.As<Napi::Array>();
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value entry = list.Get(i);
    if (!entry.IsObject()) return refused();
    const auto slice = entry.As<Napi::Object>();
    const auto start = toUint(slice.Get("start"));
    const auto below = toUint(slice.Get("below"));
    const auto above = toUint(slice.Get("above"));
    const auto pages = toUint(slice.Get("pages"));
    if (!start || !below || !above || !pages || *pages == 0) return refused();
    request.slices.push_back({*start, *below, *above, *pages});
  }
  return Parsed::of(std::move(request));
}

Napi::Value toDoubles(Napi::Env env, const std::vector<double>& values) {
  auto out = Napi::Float64Array::New(env, values.size());
  if (!values.empty()) std::memcpy(out.Data(), values.data(), values.size() * sizeof(double));
  return out;
}

}  // namespace

Napi::Value watchWrites(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  BothSides sides;
  for (std::size_t side = 0; side < sides.size(); ++side) {
    Result<Descriptor> file = openFile(info[side]);
    if (!file.ok()) return fail(env, file.status);
    Result<RegionTable> regions = parseTable(info[2], "offset");
    if (!regions.ok()) return fail(env, regions.status);
    Result<std::shared_ptr<FileSource>> source =
        FileSource::open(std::move(file.value), std::move(regions.value));
    if (!source.ok()) return fail(env, source.status);
    sides[side] = std::move(source.value);
  }
  Result<WriteWatchRequest> request = toWriteWatch(info[3]);
  if (!request.ok()) return fail(env, request.status);
  return startTask<WriteRecord>(
      env,
      [sides = std::move(sides), request = std::move(request.value)](
          const CancelFlag& stop) noexcept { return drover::watchWrites(sides, request, stop); },
      [](Napi::Env answerEnv, const WriteRecord& record) -> Napi::Value {
        Napi::Object out = Napi::Object::New(answerEnv);
        out.Set("beats", toDoubles(answerEnv, record.beats));
        out.Set("pages", toDoubles(answerEnv, record.pages));
        return out;
      });
}

}  // namespace drover
