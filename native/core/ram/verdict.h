// The verdict on the generation stamps of one writer, a byte each: the best cut (see cut.h, mod
// 256) and the pages that it does not explain.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/cancel.h"
#include "core/ram/stamp_runs.h"

namespace drover {

struct DamagedRun {
  std::uint64_t firstPage;
  std::uint64_t pages;
  std::uint8_t expected;
  std::uint8_t found;
};

struct Verdict {
  std::uint8_t generation = 0;
  // The first page of generation G - 1; none when no page has it there.
  std::optional<std::uint64_t> edgePage;
  std::uint64_t damagedPages = 0;
  // Of them, those less than 128 generations behind; the others are ahead.
  std::uint64_t stalePages = 0;
  std::uint64_t damagedRuns = 0;
  // The first of them.
  std::vector<DamagedRun> damage;
};

// `stamps` holds at least one page.
Result<Verdict> judge(const StampRuns& stamps, std::size_t damagedRunLimit,
                      const CancelFlag& cancel) noexcept;

}  // namespace drover
