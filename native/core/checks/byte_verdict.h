// The verdict on one writer's stamps of a byte each, which were read already.
#pragma once

#include "core/checks/image_check.h"
#include "core/ram/scan.h"

namespace drover {

// Damage lies in block 0, from the range's start on. `stamps` are those of the range's pages.
Result<SliceVerdict> byteVerdict(const StampRuns& stamps, const ScanRange& range,
                                 std::size_t damageLimit, const CancelFlag& cancel) noexcept;

}  // namespace drover
