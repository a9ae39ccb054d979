// What a scan at level wide or page found: for each page its generation, where it is complete and
// in its own place; held as runs, chunk by chunk.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/cancel.h"
#include "core/ram/cut.h"
#include "core/status.h"

namespace drover {

enum class PageClass : std::uint8_t {
  whole,  // its own address, and of the generation all over
  zero,   // not stamped yet, or lost: generation 0
  odd,    // anything else; checked again when the verdict is known
};

struct GenerationRun {
  std::uint64_t generation = 0;
  std::uint32_t pages = 0;
  PageClass kind = PageClass::odd;
};

// Runs of one chunk as they are found. Plain memory of fixed size: filled under the guard.
class RunBuffer {
 public:
  explicit RunBuffer(std::span<GenerationRun> room) noexcept : room_(room) {}
  void clear() noexcept { count_ = 0; }
  void add(PageClass kind, std::uint64_t generation, std::uint64_t pages) noexcept {
    const auto more = static_cast<std::uint32_t>(pages);
    if (count_ > 0) {
      GenerationRun& last = room_[count_ - 1];
      if (last.kind == kind && last.generation == generation) {
        last.pages += more;
        return;
      }
    }
    room_[count_++] = {generation, more, kind};
  }
  [[nodiscard]] std::span<const GenerationRun> runs() const noexcept { return room_.first(count_); }

 private:
  std::span<GenerationRun> room_;
  std::size_t count_ = 0;
};

class GenerationRuns {
 public:
  // Also the most runs of a chunk.
  static constexpr std::size_t kChunkPages = 4096;

  static Result<GenerationRuns> forPages(std::uint64_t pages) noexcept;

  [[nodiscard]] std::uint64_t pages() const noexcept { return pages_; }
  [[nodiscard]] std::size_t chunkCount() const noexcept { return chunkCount_; }
  [[nodiscard]] std::size_t pagesIn(std::size_t chunk) const noexcept {
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(kChunkPages, pages_ - std::uint64_t{chunk} * kChunkPages));
  }
  // Different chunks may be put from different threads.
  void put(std::size_t chunk, std::span<const GenerationRun> runs) noexcept;

  // visit(firstPage, pages, kind, generation) in order, joined across chunks. False when cancelled.
  template <class Visit>
  [[nodiscard]] bool forEachRun(const CancelFlag& cancel, Visit visit) const noexcept {
    std::uint64_t first = 0;
    std::uint64_t pages = 0;
    GenerationRun current;
    for (std::size_t i = 0; i < chunkCount_; ++i) {
      if (cancel.isSet()) return false;
      for (const GenerationRun& run : chunks_[i]) {
        if (pages > 0 && run.kind == current.kind && run.generation == current.generation) {
          pages += run.pages;
          continue;
        }
        if (pages > 0) visit(first, pages, current.kind, current.generation);
        first += pages;
        pages = run.pages;
        current = run;
      }
    }
    if (pages > 0) visit(first, pages, current.kind, current.generation);
    return true;
  }

 private:
  std::uint64_t pages_ = 0;
  std::size_t chunkCount_ = 0;
  std::unique_ptr<std::vector<GenerationRun>[]> chunks_;
};

// The best cut over the complete pages.
using GenerationCut = Cut<std::uint64_t>;
Result<GenerationCut> bestGenerationCut(const GenerationRuns& runs,
                                        const CancelFlag& cancel) noexcept;

}  // namespace drover
