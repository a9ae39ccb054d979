#include "core/stream/stream_report.h"

#include <algorithm>
#include <numeric>

#include "core/open_image.h"

namespace drover {

std::uint64_t RecordCounts::total() const noexcept {
  return std::accumulate(records.begin(), records.end(), std::uint64_t{0});
}

void StreamReport::warn(std::uint32_t input, std::uint64_t offset, std::string text) {
  warningsTotal += 1;
  if (warnings.size() < kMaxWarnings) warnings.push_back({input, offset, std::move(text)});
}

void StreamReport::seen(const char* capability) {
  if (std::find(seenCapabilities.begin(), seenCapabilities.end(), capability) ==
      seenCapabilities.end()) {
    seenCapabilities.emplace_back(capability);
  }
}

void StreamReportDeleter::operator()(StreamReport* report) const noexcept {
  delete report;
}

}  // namespace drover
