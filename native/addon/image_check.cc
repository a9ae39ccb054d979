// Image.check: from a NativeImageCheckRequest to NativeSliceVerdicts.
#include "core/checks/image_check.h"

#include <string>
#include <vector>

#include "addon/image_task.h"
#include "addon/verdict_js.h"

namespace drover {
namespace {

constexpr std::uint64_t kMostThreads = 256;
constexpr std::uint64_t kMostCells = std::uint64_t{1} << 20;

struct Report {
  ImageCheckRequest request;
  std::vector<SliceVerdict> verdicts;
};

bool parseLevel(const Napi::Value& value, StampLevel& out) {
  const std::string name = toText(value).value_or("");
  if (name == "byte") out = StampLevel::byte;
  if (name == "wide") out = StampLevel::wide;
  if (name == "page") out = StampLevel::page;
  return name == "byte" || name == "wide" || name == "page";
}

bool parseSlices(const Napi::Value& value, std::vector<Slice>& out) {
  if (!value.IsArray()) return false;
  const auto list = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value entry = list.Get(i);
    if (!entry.IsObject()) return false;
    const auto start = toUint(entry.As<Napi::Object>().Get("start"));
    const auto end = toUint(entry.As<Napi::Object>().Get("end"));
    if (!start || !end) return false;
    Slice slice{*start, *end};
    const Napi::Value hole = entry.As<Napi::Object>().Get("hole");
    if (!hole.IsUndefined()) {
      if (!hole.IsObject()) return false;
      const auto holeStart = toUint(hole.As<Napi::Object>().Get("start"));
      const auto holeEnd = toUint(hole.As<Napi::Object>().Get("end"));
      if (!holeStart || !holeEnd || *holeEnd == 0) return false;
      slice.holeStart = *holeStart;
      slice.holeEnd = *holeEnd;
    }
    out.push_back(slice);
  }
  return true;
}

// A kernel belongs to the level: those of level byte only fetch.
const char* parseKernel(const Napi::Value& value, ImageCheckRequest& out) {
  if (value.IsUndefined()) return nullptr;
  const std::string name = toText(value).value_or("");
  if (out.level == StampLevel::page) {
    out.verify = findVerifyKernel(name);
    return out.verify == nullptr ? "an unknown kernel" : nullptr;
  }
  out.gather = findKernel(name);
  return out.gather == nullptr ? "an unknown kernel" : nullptr;
}

// A number that may be absent, of at most `most`; false when it is something else.
template <class T>
bool parseUpTo(const Napi::Value& value, std::uint64_t most, T& out) {
  if (value.IsUndefined()) return true;
  const auto found = toUint(value);
  if (!found || *found > most) return false;
  out = static_cast<T>(*found);
  return true;
}

// A message about what is wrong, or nullptr.
const char* parse(const Napi::Value& value, const OpenedImage& image, ImageCheckRequest& out) {
  if (!value.IsObject()) return "a request";
  const auto fields = value.As<Napi::Object>();
  if (!parseLevel(fields.Get("level"), out.level)) return "a level";
  if (!parseSlices(fields.Get("slices"), out.slices)) return "a list of slices";
  const auto step = toUint(fields.Get("step"));
  if (!step || *step == 0 || *step > UINT32_MAX) return "a step";
  out.step = static_cast<std::uint32_t>(*step);
  const Napi::Value block = fields.Get("block");
  if (!block.IsUndefined()) {
    if (blockOf(image, block) == nullptr) return "a block that is not there";
    out.block = static_cast<std::uint32_t>(*toUint(block));
  }
  if (!parseUpTo(fields.Get("blockAddress"), UINT64_MAX, out.blockAddress) ||
      !parseUpTo(fields.Get("damageLimit"), UINT32_MAX, out.damageLimit) ||
      !parseUpTo(fields.Get("mapCells"), kMostCells, out.mapCells) ||
      !parseUpTo(fields.Get("threads"), kMostThreads, out.threads)) {
    return "blockAddress, damageLimit, mapCells and threads as numbers";
  }
  // Guest addresses are their own; an offset to them is for offsets of a block.
  if (!out.block) out.blockAddress = 0;
  return parseKernel(fields.Get("kernel"), out);
}

}  // namespace

Napi::Value startImageCheck(Napi::Env env, const Napi::Value& value, SharedImage image) {
  ImageCheckRequest request;
  const char* wrong = parse(value, *image, request);
  if (wrong != nullptr) return failArgument(env, wrong);
  return startImageTask<Report>(
      env,
      [request, image = std::move(image)](const CancelFlag& cancel, Progress& progress) noexcept {
        Result<std::vector<SliceVerdict>> verdicts =
            checkImage(image->image, request, progress, cancel);
        if (!verdicts.ok()) return Result<Report>::failed(verdicts.status);
        return Result<Report>::of({request, std::move(verdicts.value)});
      },
      [](Napi::Env answerEnv, const Report& report) -> Napi::Value {
        const ImageCheckRequest& asked = report.request;
        const VerdictFacts facts{
            asked.level, asked.step,
            asked.level == StampLevel::page ? asked.verify->name : asked.gather->name,
            asked.mapCells > 0};
        return arrayOf(answerEnv, report.verdicts, [&](const SliceVerdict& verdict) {
          return verdictToJs(answerEnv, facts, verdict);
        });
      });
}

}  // namespace drover
