// What is wrong with one page that a scan found odd. Slow and thorough: damaged pages are few.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/checks/image_check.h"

namespace drover {

struct PageFinding {
  DamageKind kind = DamageKind::garbage;
  std::optional<std::uint64_t> found;
  std::optional<std::uint64_t> from;
  std::uint32_t byteOffset = 0;
  // Partly written: the generations before and after byteOffset; a rest of zeroes is generation 0.
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
};

struct PageQuestion {
  StampLevel level = StampLevel::page;
  std::uint64_t address = 0;   // the page's own
  std::uint64_t expected = 0;  // generation
  // Where pages may come from.
  const std::vector<Slice>* slices = nullptr;
  std::uint64_t blockAddress = 0;  // to be added to the slices
  std::uint32_t step = 4096;
};

// `page` holds `step` bytes.
PageFinding inspectPage(const PageQuestion& question, std::span<const std::uint8_t> page) noexcept;

}  // namespace drover
