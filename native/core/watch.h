// Waits until a place in guest memory holds, or no longer holds, a value. The guest may be running.
#pragma once

#include "core/cancel.h"
#include "core/page_source.h"

namespace drover {

struct WatchRequest {
  std::uint64_t address;
  // 1 or 8 bytes, little-endian. Eight bytes are not promised to come from one moment: a value that
  // only passes through may be missed or seen half-changed, one that stays is seen.
  unsigned width;
  bool untilEquals;
  std::uint64_t value;
  std::uint64_t timeoutNs;
};

struct WatchResult {
  bool met;  // false: the time ran out
  std::uint64_t last;
  std::uint64_t elapsedNs;
};

// Looks at least once, whatever the timeout.
Result<WatchResult> watch(const PageSource& source, const WatchRequest& request,
                          const CancelFlag& cancel) noexcept;

}  // namespace drover
