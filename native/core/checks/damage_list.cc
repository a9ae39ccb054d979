#include "core/checks/damage_list.h"

namespace drover {

PageDamage byteDamage(std::uint8_t expected, std::uint8_t found) noexcept {
  const auto behind = static_cast<std::uint8_t>(expected - found);
  PageDamage damage;
  damage.kind = behind < 128 ? DamageKind::stale : DamageKind::ahead;
  damage.by = behind < 128 ? behind : 256U - behind;
  damage.expected = expected;
  damage.found = found;
  return damage;
}

bool DamageList::continuesLast(const PageDamage& damage) const noexcept {
  const std::uint64_t bytes = last_.pages * step_;
  const bool sameSource =
      last_.from ? damage.from == *last_.from + bytes : !damage.from.has_value();
  return last_.pages > 0 && last_.kind == damage.kind && last_.expected == damage.expected &&
         last_.found == damage.found && last_.by == damage.by &&
         last_.byteOffset == damage.byteOffset && last_.block == damage.block &&
         last_.blockOffset + bytes == damage.blockOffset &&
         last_.address + bytes == damage.address && sameSource;
}

void DamageList::add(const PageDamage& damage) noexcept {
  if (damage.pages == 0) return;
  verdict_.damagedPages += damage.pages;
  verdict_.pagesByKind[static_cast<std::size_t>(damage.kind)] += damage.pages;
  if (continuesLast(damage)) {
    last_.pages += damage.pages;
    if (verdict_.damagedRuns <= limit_ && limit_ > 0) {
      verdict_.damage.back().pages += damage.pages;
    }
    return;
  }
  last_ = damage;
  verdict_.damagedRuns += 1;
  if (verdict_.damage.size() < limit_) verdict_.damage.push_back(damage);
}

}  // namespace drover
