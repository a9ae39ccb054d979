// Which pages of two images differ. Either side is a range of a block or of guest memory, so any
// two sources can be compared.
#pragma once

#include <optional>
#include <vector>

#include "core/cancel.h"
#include "core/checks/damage_limit.h"
#include "core/image/guest_space.h"
#include "core/progress.h"

namespace drover {

struct DiffSide {
  const RamImage* image = nullptr;
  std::optional<std::uint32_t> block;  // none: guest addresses
  std::uint64_t start = 0;
};

struct DiffRequest {
  DiffSide first;
  DiffSide second;
  std::uint64_t length = 0;
  std::size_t limit = kDamageLimit;  // runs kept; totals are always true
  bool absentIsZero = false;
};

enum class DifferenceKind : std::uint8_t { content, absentInFirst, absentInSecond };

// Neighbouring pages that differ alike.
struct Difference {
  std::uint64_t start = 0;  // counted as the first side counts
  std::uint64_t bytes = 0;
  DifferenceKind kind = DifferenceKind::content;
  // Content: the first differing byte of the run's first page, and what it is on both sides.
  std::uint32_t byteOffset = 0;
  std::uint8_t first = 0;
  std::uint8_t second = 0;
};

struct ImageDiff {
  std::uint32_t pageBytes = 0;  // the smaller one of the two sides
  std::uint64_t pages = 0;
  std::uint64_t differentPages = 0;
  std::uint64_t differentRuns = 0;
  std::uint64_t differentBytes = 0;  // of kind content
  std::uint64_t absentInFirst = 0;
  std::uint64_t absentInSecond = 0;
  std::uint64_t absentInBoth = 0;  // not compared: neither different nor equal
  std::vector<Difference> runs;
};

// Both sides must start at a page. Fault::outOfRange where a side does not reach that far.
Result<ImageDiff> diffImages(const DiffRequest& request, Progress& progress,
                             const CancelFlag& cancel) noexcept;

}  // namespace drover
