// The cut of one writer's stamps, a byte each: the best one (see cut.h, mod 256), and the pages
// that it does not explain.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/cancel.h"
#include "core/ram/stamp_runs.h"

namespace drover {

struct ByteCut {
  std::uint8_t generation = 0;
  // The first page of generation G - 1; none when no page has it there.
  std::optional<std::uint64_t> edgePage;
};

// `stamps` holds at least one page.
Result<ByteCut> cutOf(const StampRuns& stamps, const CancelFlag& cancel) noexcept;

// Calls visit(run, expected) for all pages that the cut does not explain: a run lies on one side of
// it. False: cancelled.
template <class Visit>
bool forEachOffCut(const StampRuns& stamps, const ByteCut& cut, const CancelFlag& cancel,
                   Visit visit) noexcept {
  const std::uint64_t edge = cut.edgePage.value_or(stamps.pages());
  const auto side = [&](const Run& run, std::uint8_t expected) noexcept {
    if (run.pages > 0 && run.value != expected) visit(run, expected);
  };
  return stamps.forEachRun(cancel, [&](const Run& run) noexcept {
    const std::uint64_t early =
        run.firstPage < edge ? std::min(run.pages, edge - run.firstPage) : 0;
    side({run.firstPage, early, run.value}, cut.generation);
    side({run.firstPage + early, run.pages - early, run.value},
         static_cast<std::uint8_t>(cut.generation - 1));
  });
}

}  // namespace drover
