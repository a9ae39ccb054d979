#include "addon/verdict_js.h"

#include <algorithm>
#include <string>

#include "addon/convert.h"
#include "addon/image_task.h"

namespace drover {
namespace {

// What is larger is no generation but noise, and no number of JS's.
constexpr std::uint64_t kLargestExact = (std::uint64_t{1} << 53) - 1;

const char* levelName(StampLevel level) {
  if (level == StampLevel::byte) return "byte";
  return level == StampLevel::wide ? "wide" : "page";
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
  out.Set("expected", number(env, damage.expected));
  out.Set("found",
          damage.found && *damage.found <= kLargestExact ? number(env, *damage.found) : env.Null());
  out.Set("by", number(env, std::min(damage.by, kLargestExact)));
  out.Set("from", damage.from ? number(env, *damage.from) : env.Null());
  out.Set("byteOffset", hasOffset ? number(env, damage.byteOffset) : env.Null());
  return out;
}

Napi::Value addressToJs(Napi::Env env, const std::optional<std::uint64_t>& address) {
  return address ? number(env, *address) : env.Null();
}

}  // namespace

Napi::Value verdictToJs(Napi::Env env, const VerdictFacts& facts, const SliceVerdict& verdict) {
  Napi::Object kinds = Napi::Object::New(env);
  for (std::size_t i = 0; i < kDamageKinds; ++i) {
    kinds.Set(std::string(damageName(static_cast<DamageKind>(i))),
              number(env, verdict.pagesByKind[i]));
  }
  Napi::Array damage = Napi::Array::New(env, verdict.damage.size());
  for (std::uint32_t i = 0; i < verdict.damage.size(); ++i) {
    const Napi::HandleScope scope(env);
    damage.Set(i, damageToJs(env, verdict.damage[i], facts.step));
  }
  Napi::Array lines = Napi::Array::New(env, verdict.upstreamLines.size());
  for (std::uint32_t i = 0; i < verdict.upstreamLines.size(); ++i) {
    lines.Set(i, Napi::String::New(env, verdict.upstreamLines[i]));
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("level", Napi::String::New(env, levelName(facts.level)));
  out.Set("start", number(env, verdict.slice.start));
  out.Set("end", number(env, verdict.slice.end));
  out.Set("step", number(env, facts.step));
  out.Set("pages", number(env, verdict.pages));
  out.Set("generation", number(env, verdict.generation));
  out.Set("edge", addressToJs(env, verdict.edge));
  out.Set("beingWritten", addressToJs(env, verdict.beingWritten));
  out.Set("damagedPages", number(env, verdict.damagedPages));
  out.Set("damagedRuns", number(env, verdict.damagedRuns));
  out.Set("pagesByKind", kinds);
  out.Set("damage", damage);
  out.Set("upstreamLines", lines);
  out.Set("map", facts.hasMap ? mapToJs(env, verdict.pagesPerCell, verdict.map) : env.Null());
  out.Set("kernel", Napi::String::New(env, std::string(facts.kernel)));
  out.Set("elapsedMs", milliseconds(env, verdict.elapsedNs));
  return out;
}

}  // namespace drover
