// Collects the damage of one slice: joins neighbours, keeps the first runs and counts all.
#pragma once

#include "core/checks/image_check.h"

namespace drover {

// Level byte: a complete page of another generation, stale or ahead, whichever is nearer.
PageDamage byteDamage(std::uint8_t expected, std::uint8_t found) noexcept;

class DamageList {
 public:
  DamageList(SliceVerdict& verdict, std::uint32_t step, std::size_t limit) noexcept
      : verdict_(verdict), step_(step), limit_(limit) {}

  // In address order.
  void add(const PageDamage& damage) noexcept;

 private:
  [[nodiscard]] bool continuesLast(const PageDamage& damage) const noexcept;

  SliceVerdict& verdict_;
  std::uint64_t step_;
  std::size_t limit_;
  PageDamage last_;
};

}  // namespace drover
