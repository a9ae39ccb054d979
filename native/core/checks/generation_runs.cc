#include "core/checks/generation_runs.h"

#include <new>

namespace drover {
namespace {

// Pages of each generation, those of odd pages left out.
class Totals {
 public:
  void add(std::uint64_t generation, std::uint64_t pages) noexcept {
    if (!entries_.empty() && entries_.back().generation == generation) {
      entries_.back().total += pages;
      return;
    }
    entries_.push_back({generation, pages, 0});
  }

  // Once all were added, before the rest is used.
  void settle() noexcept {
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.generation < b.generation; });
    std::size_t kept = 0;
    for (const Entry& entry : entries_) {
      if (kept > 0 && entries_[kept - 1].generation == entry.generation) {
        entries_[kept - 1].total += entry.total;
      } else {
        entries_[kept++] = entry;
      }
    }
    entries_.resize(kept);
  }

  // Counts pages as seen; how many were, with these.
  std::uint64_t see(std::uint64_t generation, std::uint64_t pages) noexcept {
    return find(generation)->seen += pages;
  }
  [[nodiscard]] std::uint64_t notSeen(std::uint64_t generation) noexcept {
    const Entry* const entry = find(generation);
    return entry == nullptr ? 0 : entry->total - entry->seen;
  }

 private:
  struct Entry {
    std::uint64_t generation;
    std::uint64_t total;
    std::uint64_t seen;
  };
  Entry* find(std::uint64_t generation) noexcept {
    const auto at = std::lower_bound(
        entries_.begin(), entries_.end(), generation,
        [](const Entry& entry, std::uint64_t wanted) { return entry.generation < wanted; });
    return at != entries_.end() && at->generation == generation ? &*at : nullptr;
  }
  std::vector<Entry> entries_;
};

// Zero pages are generation 0 as long as the guest is in its first passes. Later they are a loss,
// however many there are, and must not outvote the pages that are left.
Result<bool> countZeroes(const GenerationRuns& runs, const CancelFlag& cancel) noexcept {
  std::uint64_t whole = 0;
  std::uint64_t young = 0;
  const bool complete = runs.forEachRun(
      cancel, [&](std::uint64_t, std::uint64_t pages, PageClass kind, std::uint64_t generation) {
        if (kind != PageClass::whole) return;
        whole += pages;
        if (generation <= 1) young += pages;
      });
  if (!complete) return Result<bool>::failed(Status::of(Fault::cancelled, "verdict"));
  return Result<bool>::of(young >= whole - young);
}

}  // namespace

Result<GenerationRuns> GenerationRuns::forPages(std::uint64_t pages) noexcept {
  GenerationRuns runs;
  runs.pages_ = pages;
  runs.chunkCount_ = static_cast<std::size_t>((pages + kChunkPages - 1) / kChunkPages);
  // A file may claim any number of pages.
  runs.chunks_.reset(new (std::nothrow) std::vector<GenerationRun>[runs.chunkCount_]);
  if (runs.chunks_ == nullptr) {
    return Result<GenerationRuns>::failed(Status::of(Fault::outOfMemory, "chunks"));
  }
  return Result<GenerationRuns>::of(std::move(runs));
}

void GenerationRuns::put(std::size_t chunk, std::span<const GenerationRun> runs) noexcept {
  chunks_[chunk] = std::vector<GenerationRun>(runs.begin(), runs.end());
}

Result<GenerationCut> bestGenerationCut(const GenerationRuns& runs,
                                        const CancelFlag& cancel) noexcept {
  using Found = Result<GenerationCut>;
  const Result<bool> zeroesCount = countZeroes(runs, cancel);
  if (!zeroesCount.ok()) return Found::failed(zeroesCount.status);
  const auto takesPart = [&](PageClass kind) noexcept {
    return kind == PageClass::whole || (kind == PageClass::zero && zeroesCount.value);
  };
  Totals totals;
  const bool counted = runs.forEachRun(
      cancel, [&](std::uint64_t, std::uint64_t pages, PageClass kind, std::uint64_t generation) {
        if (takesPart(kind)) totals.add(generation, pages);
      });
  if (!counted) return Found::failed(Status::of(Fault::cancelled, "verdict"));
  totals.settle();
  CutSearch<std::uint64_t, Totals> search(totals);
  const bool judged = runs.forEachRun(cancel, [&](std::uint64_t first, std::uint64_t pages,
                                                  PageClass kind, std::uint64_t generation) {
    if (takesPart(kind)) search.offer(generation, first, pages);
  });
  if (!judged) return Found::failed(Status::of(Fault::cancelled, "verdict"));
  return Found::of(search.best());
}

}  // namespace drover
