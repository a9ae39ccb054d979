// The verdict on the guest's generation stamps.
//
// The guest walks its pages in ascending order, over and over, adding 1 (mod 256) to the first byte
// of each. So when it is stopped all pages before one point, the edge, hold a generation G and all
// others G - 1. The verdict is the cut, with its G, that explains the most pages; the pages it does
// not explain are the damaged ones. Unlike a rule that walks the pages and trusts what it met
// first, one stale page is never the reason to blame another.
//
// Of two cuts that explain equally many pages the later one is taken: it explains the doubtful
// pages as stale, which is what a lost write leaves behind, where the earlier one would have them
// written before their time.
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
  std::uint64_t damagedRuns = 0;
  // The first of them.
  std::vector<DamagedRun> damage;
};

// `stamps` holds at least one page.
Result<Verdict> judge(const StampRuns& stamps, std::size_t damagedRunLimit,
                      const CancelFlag& cancel) noexcept;

}  // namespace drover
