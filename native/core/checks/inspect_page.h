// Finds out how one page is damaged that a scan did not accept. Slow: damaged pages are few.
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

// `page` holds the stamp, and at level wide the rest of its 4096 bytes.
PageFinding inspectPage(const PageQuestion& question, std::span<const std::uint8_t> page) noexcept;

// Level page: whether this is a page of generation `old` that its writer was about to give the next
// one, in the order that writers keep.
bool isBeingWritten(std::uint64_t address, std::uint64_t old,
                    std::span<const std::uint8_t> page) noexcept;

}  // namespace drover
