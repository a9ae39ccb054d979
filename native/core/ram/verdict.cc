#include "core/ram/verdict.h"

#include <algorithm>
#include <array>

#include "core/ram/cut.h"

namespace drover {
namespace {

std::uint8_t before(std::uint8_t generation) noexcept {
  return static_cast<std::uint8_t>(generation - 1);
}

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

Result<Cut<std::uint8_t>> bestCut(const StampRuns& stamps, const CancelFlag& cancel) noexcept {
  using Found = Result<Cut<std::uint8_t>>;
  ByteTotals totals;
  CutSearch<std::uint8_t, ByteTotals> search(totals);
  const bool complete = stamps.forEachRun(cancel, [&](const Run& run) noexcept {
    totals.add(run.value, run.pages);
  }) && stamps.forEachRun(cancel, [&](const Run& run) noexcept {
    search.offer(run.value, run.firstPage, run.pages);
  });
  return complete ? Found::of(search.best())
                  : Found::failed(Status::of(Fault::cancelled, "verdict"));
}

class DamageList {
 public:
  DamageList(Verdict& verdict, std::size_t limit) noexcept : verdict_(verdict), limit_(limit) {}

  // A run's pages that lie on one side of the cut.
  void add(const Run& run, std::uint8_t expected) noexcept {
    if (run.pages == 0 || run.value == expected) return;
    verdict_.damagedPages += run.pages;
    verdict_.damagedRuns += 1;
    if (static_cast<std::uint8_t>(expected - run.value) < 128) verdict_.stalePages += run.pages;
    if (verdict_.damage.size() < limit_) {
      verdict_.damage.push_back({run.firstPage, run.pages, expected, run.value});
    }
  }

 private:
  Verdict& verdict_;
  std::size_t limit_;
};

}  // namespace

Result<Verdict> judge(const StampRuns& stamps, std::size_t damagedRunLimit,
                      const CancelFlag& cancel) noexcept {
  const Result<Cut<std::uint8_t>> cut = bestCut(stamps, cancel);
  if (!cut.ok()) return Result<Verdict>::failed(cut.status);

  Verdict verdict;
  verdict.generation = cut.value.generation;
  const std::uint64_t edge = cut.value.explainsLaterPages ? cut.value.page : stamps.pages();
  if (cut.value.explainsLaterPages) verdict.edgePage = edge;

  DamageList damage(verdict, damagedRunLimit);
  const bool complete = stamps.forEachRun(cancel, [&](const Run& run) noexcept {
    const std::uint64_t early =
        run.firstPage < edge ? std::min(run.pages, edge - run.firstPage) : 0;
    damage.add({run.firstPage, early, run.value}, verdict.generation);
    damage.add({run.firstPage + early, run.pages - early, run.value}, before(verdict.generation));
  });
  if (!complete) return Result<Verdict>::failed(Status::of(Fault::cancelled, "verdict"));
  return Result<Verdict>::of(std::move(verdict));
}

}  // namespace drover
