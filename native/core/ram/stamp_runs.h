// The stamps of a range of pages, held as runs of equal values.
//
// A range is cut into chunks that are filled in any order, by any thread. A chunk is kept as runs
// where those are smaller and as plain bytes where not, so sound memory costs a few bytes per chunk
// and garbage never more than about one byte per page.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/cancel.h"
#include "core/status.h"

namespace drover {

// Neighbouring pages with one value.
struct Run {
  std::uint64_t firstPage;
  std::uint64_t pages;
  std::uint8_t value;
};

// How many bytes at the start of `bytes`, which is not empty, equal the first one.
std::size_t equalPrefix(std::span<const std::uint8_t> bytes) noexcept;

class StampChunk {
 public:
  StampChunk() = default;
  static StampChunk of(std::span<const std::uint8_t> stamps) noexcept;

  [[nodiscard]] std::size_t heldBytes() const noexcept;

  // visit(value, pages)
  template <class Visit>
  void forEachRun(Visit visit) const noexcept {
    for (const ShortRun& run : runs_) visit(run.value, run.pages);
    std::span<const std::uint8_t> left(bytes_);
    while (!left.empty()) {
      const std::size_t same = equalPrefix(left);
      visit(left[0], same);
      left = left.subspan(same);
    }
  }

 private:
  struct ShortRun {
    std::uint32_t pages;
    std::uint8_t value;
  };
  // Either runs or bytes.
  std::vector<ShortRun> runs_;
  std::vector<std::uint8_t> bytes_;
};

class StampRuns {
 public:
  // One chunk covers this many pages, except for the last. Small enough for a core's nearest cache.
  static constexpr std::size_t kChunkPages = 16384;

  StampRuns() = default;
  static Result<StampRuns> forPages(std::uint64_t pages) noexcept;

  [[nodiscard]] std::uint64_t pages() const noexcept { return pages_; }
  [[nodiscard]] std::size_t chunkCount() const noexcept { return chunkCount_; }
  [[nodiscard]] std::size_t pagesIn(std::size_t chunk) const noexcept {
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(kChunkPages, pages_ - std::uint64_t{chunk} * kChunkPages));
  }
  // Different chunks may be put from different threads.
  void put(std::size_t chunk, StampChunk stamps) noexcept { chunks_[chunk] = std::move(stamps); }
  [[nodiscard]] std::size_t heldBytes() const noexcept;

  // visit(Run) for each maximal run, in address order; runs are joined across chunks. False when
  // cancelled.
  template <class Visit>
  [[nodiscard]] bool forEachRun(const CancelFlag& cancel, Visit visit) const noexcept {
    Run current{0, 0, 0};
    for (std::size_t i = 0; i < chunkCount_; ++i) {
      if (cancel.isSet()) return false;
      chunks_[i].forEachRun([&](std::uint8_t value, std::uint64_t pages) noexcept {
        if (value == current.value && current.pages > 0) {
          current.pages += pages;
          return;
        }
        if (current.pages > 0) visit(current);
        current = {current.firstPage + current.pages, pages, value};
      });
    }
    if (current.pages > 0) visit(current);
    return true;
  }

 private:
  std::uint64_t pages_ = 0;
  std::size_t chunkCount_ = 0;
  std::unique_ptr<StampChunk[]> chunks_;
};

}  // namespace drover
