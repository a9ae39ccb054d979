// Waits until a place in guest memory holds a value, no longer holds it, or has been counted up by
// it. The guest may be running.
#pragma once

#include "core/cancel.h"
#include "core/ram/page_source.h"

namespace drover {

// `advances`: a number that only counts up has grown by the value since the first read. It may
// wrap; how often it did between two reads is not known, so fewer steps may be counted than there
// were, never more (but for eight bytes that come from two moments, see `width`).
enum class WatchUntil : std::uint8_t { equals, differs, advances };

struct WatchRequest {
  std::uint64_t address;
  // 1 or 8 bytes, little-endian. Eight bytes are not promised to come from one moment: a value that
  // only passes through may be missed or seen half-changed, one that stays is seen.
  unsigned width;
  WatchUntil until;
  std::uint64_t value;
  std::uint64_t timeoutNs;
};

struct WatchResult {
  bool met;  // false: the time ran out
  std::uint64_t last;
  std::uint64_t advanced;  // by how much it grew since the first read
  std::uint64_t elapsedNs;
};

// Reads at least once, even with a timeout of 0.
Result<WatchResult> watch(const PageSource& source, const WatchRequest& request,
                          const CancelFlag& cancel) noexcept;

}  // namespace drover
