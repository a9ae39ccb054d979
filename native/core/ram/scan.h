// Reads the stamps of a range, chunk by chunk, on one or several threads.
#pragma once

#include "core/cancel.h"
#include "core/ram/page_source.h"
#include "core/ram/stamp_runs.h"

namespace drover {

// Stamps at start, start + step, ... below end.
struct ScanRange {
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t step;

  [[nodiscard]] bool isValid() const noexcept { return step > 0 && start < end; }
  [[nodiscard]] std::uint64_t pages() const noexcept { return (end - start - 1) / step + 1; }
};

// Of the threads asked for, fewer may run when the system refuses more; the calling one always
// does.
Result<StampRuns> scanStamps(const PageSource& source, const ScanRange& range, const Kernel& kernel,
                             unsigned threads, const CancelFlag& cancel) noexcept;

}  // namespace drover
