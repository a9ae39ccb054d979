// Image.check: from a NativeImageCheckRequest to NativeSliceVerdicts.
#include "core/checks/image_check.h"

#include <string>
#include <vector>

#include "addon/image_task.h"

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

const char* levelName(StampLevel level) {
  if (level == StampLevel::byte) return "byte";
  return level == StampLevel::wide ? "wide" : "page";
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

Napi::Value damageToJs(Napi::Env env, const PageDamage& damage, std::uint32_t step) {
  Napi::Object out = Napi::Object::New(env);
  const bool hasOffset = damage.kind == DamageKind::partlyWritten ||
                         damage.kind == DamageKind::garbage || damage.kind == DamageKind::flipped;
  out.Set("start", number(env, damage.address));
  out.Set("end", number(env, damage.address + damage.pages * step));
  out.Set("pages", number(env, damage.pages));
  out.Set("block", number(env, damage.block));
  out.Set("blockOffset", number(env, damage.blockOffset));
  out.Set("kind", Napi::String::New(env, std::string(damageName(damage.kind))));
  out.Set("expected", Napi::BigInt::New(env, damage.expected));
  out.Set("found", damage.found ? Napi::BigInt::New(env, *damage.found) : env.Null());
  out.Set("by", Napi::BigInt::New(env, damage.by));
  out.Set("from", damage.from ? number(env, *damage.from) : env.Null());
  out.Set("byteOffset", hasOffset ? number(env, damage.byteOffset) : env.Null());
  return out;
}

Napi::Value addressToJs(Napi::Env env, const std::optional<std::uint64_t>& address) {
  return address ? number(env, *address) : env.Null();
}

Napi::Value verdictToJs(Napi::Env env, const Report& report, const SliceVerdict& verdict) {
  const ImageCheckRequest& request = report.request;
  Napi::Object kinds = Napi::Object::New(env);
  for (std::size_t i = 0; i < kDamageKinds; ++i) {
    kinds.Set(std::string(damageName(static_cast<DamageKind>(i))),
              number(env, verdict.pagesByKind[i]));
  }
  Napi::Array damage = Napi::Array::New(env, verdict.damage.size());
  for (std::uint32_t i = 0; i < verdict.damage.size(); ++i) {
    const Napi::HandleScope scope(env);
    damage.Set(i, damageToJs(env, verdict.damage[i], request.step));
  }
  Napi::Array lines = Napi::Array::New(env, verdict.upstreamLines.size());
  for (std::uint32_t i = 0; i < verdict.upstreamLines.size(); ++i) {
    lines.Set(i, Napi::String::New(env, verdict.upstreamLines[i]));
  }
  const std::string_view kernel =
      request.level == StampLevel::page ? request.verify->name : request.gather->name;
  Napi::Object out = Napi::Object::New(env);
  out.Set("level", Napi::String::New(env, levelName(request.level)));
  out.Set("start", number(env, verdict.slice.start));
  out.Set("end", number(env, verdict.slice.end));
  out.Set("step", number(env, request.step));
  out.Set("pages", number(env, verdict.pages));
  out.Set("generation", Napi::BigInt::New(env, verdict.generation));
  out.Set("edge", addressToJs(env, verdict.edge));
  out.Set("torn", addressToJs(env, verdict.torn));
  out.Set("damagedPages", number(env, verdict.damagedPages));
  out.Set("damagedRuns", number(env, verdict.damagedRuns));
  out.Set("pagesByKind", kinds);
  out.Set("damage", damage);
  out.Set("upstreamLines", lines);
  out.Set("map",
          request.mapCells > 0 ? mapToJs(env, verdict.pagesPerCell, verdict.map) : env.Null());
  out.Set("kernel", Napi::String::New(env, std::string(kernel)));
  out.Set("elapsedMs", milliseconds(env, verdict.elapsedNs));
  return out;
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
        Napi::Array out = Napi::Array::New(answerEnv, report.verdicts.size());
        for (std::uint32_t i = 0; i < report.verdicts.size(); ++i) {
          out.Set(i, verdictToJs(answerEnv, report, report.verdicts[i]));
        }
        return out;
      });
}

}  // namespace drover
