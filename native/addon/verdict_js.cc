#include "addon/verdict_js.h"

#include <algorithm>
#include <functional>
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
  out.Set("start", damage.address);
  out.Set("end", damage.address + damage.pages * step);
  out.Set("pages", damage.pages);
  out.Set("block", damage.block);
  out.Set("blockOffset", damage.blockOffset);
  out.Set("kind", std::string(damageName(damage.kind)));
  out.Set("expected", damage.expected);
  out.Set("found", numberOrNull(env, damage.found <= kLargestExact ? damage.found : std::nullopt));
  out.Set("by", std::min(damage.by, kLargestExact));
  out.Set("from", numberOrNull(env, damage.from));
  out.Set("byteOffset", hasOffset ? number(env, damage.byteOffset) : env.Null());
  return out;
}

}  // namespace

Napi::Value verdictToJs(Napi::Env env, const VerdictFacts& facts, const SliceVerdict& verdict) {
  Napi::Object kinds = Napi::Object::New(env);
  for (std::size_t i = 0; i < kDamageKinds; ++i) {
    kinds.Set(std::string(damageName(static_cast<DamageKind>(i))), verdict.pagesByKind[i]);
  }
  const auto damage = [&](const PageDamage& run) { return damageToJs(env, run, facts.step); };
  Napi::Object out = Napi::Object::New(env);
  out.Set("level", levelName(facts.level));
  out.Set("start", verdict.slice.start);
  out.Set("end", verdict.slice.end);
  out.Set("step", facts.step);
  out.Set("pages", verdict.pages);
  out.Set("generation", verdict.generation);
  out.Set("edge", numberOrNull(env, verdict.edge));
  out.Set("beingWritten", numberOrNull(env, verdict.beingWritten));
  out.Set("damagedPages", verdict.damagedPages);
  out.Set("damagedRuns", verdict.damagedRuns);
  out.Set("pagesByKind", kinds);
  out.Set("damage", arrayOf(env, verdict.damage, damage));
  out.Set("upstreamLines", arrayOf(env, verdict.upstreamLines, std::identity()));
  out.Set("map", facts.hasMap ? mapToJs(env, verdict.pagesPerCell, verdict.map) : env.Null());
  out.Set("kernel", std::string(facts.kernel));
  out.Set("elapsedMs", milliseconds(env, verdict.elapsedNs));
  return out;
}

}  // namespace drover
