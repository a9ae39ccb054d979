// Decides whether a parsed stream is complete.
#pragma once

#include <cstddef>

#include "core/stream/stream_report.h"

namespace drover {

struct StreamState {
  ParseError error;  // of the walk
  bool mappedRam = false;
  std::size_t channels = 0;  // captures of multifd channels that were given
  bool ignoreShared = false;
  std::uint64_t absentPages = 0;
  bool ramEnded = false;
  bool endReached = false;
  bool devicesSeen = false;
  bool tailUnparsed = false;
  const SectionReport* unended = nullptr;  // a live section
};

// Sets completeness, its reason, the capabilities seen, and `stopped` when the RAM cannot be
// trusted.
void judgeStream(StreamReport& report, const StreamState& state);

}  // namespace drover
