// The rule that QEMU's own migration test applies to the same stamps, in its text, for comparison.
//
// It walks the pages with a current value, which begins as the first page's. A page of that value
// is fine; one that is a generation behind is fine once, and its value is then current; any other
// is bad and changes nothing. The first ten bad pages get a line each, and a last line says how
// many more there are. Where there are exactly ten upstream adds "and in another 0 pages"; that
// line is left out here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "core/ram/stamp_runs.h"

namespace drover {

Result<std::vector<std::string>> upstreamLines(const StampRuns& stamps, std::uint64_t start,
                                               std::uint64_t step,
                                               const CancelFlag& cancel) noexcept;

}  // namespace drover
