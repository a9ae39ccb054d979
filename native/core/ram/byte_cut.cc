#include "core/ram/byte_cut.h"

#include <array>

#include "core/ram/cut.h"

namespace drover {
namespace {

class ByteTotals {
 public:
  void add(std::uint8_t generation, std::uint64_t pages) noexcept { left_[generation] += pages; }
  std::uint64_t see(std::uint8_t generation, std::uint64_t pages) noexcept {
    left_[generation] -= pages;
    return seen_[generation] += pages;
  }
  [[nodiscard]] std::uint64_t notSeen(std::uint8_t generation) const noexcept {
    return left_[generation];
  }

 private:
  std::array<std::uint64_t, 256> left_{};
  std::array<std::uint64_t, 256> seen_{};
};

}  // namespace

Result<ByteCut> cutOf(const StampRuns& stamps, const CancelFlag& cancel) noexcept {
  ByteTotals totals;
  CutSearch<std::uint8_t, ByteTotals> search(totals);
  const bool complete = stamps.forEachRun(cancel, [&](const Run& run) noexcept {
    totals.add(run.value, run.pages);
  }) && stamps.forEachRun(cancel, [&](const Run& run) noexcept {
    search.offer(run.value, run.firstPage, run.pages);
  });
  if (!complete) return Result<ByteCut>::failed(Status::of(Fault::cancelled, "verdict"));
  const Cut<std::uint8_t> best = search.best();
  ByteCut cut{best.generation, std::nullopt};
  if (best.explainsLaterPages) cut.edgePage = best.page;
  return Result<ByteCut>::of(cut);
}

}  // namespace drover
