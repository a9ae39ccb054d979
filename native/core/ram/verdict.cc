#include "core/ram/verdict.h"

#include <algorithm>
#include <array>

namespace drover {
namespace {

using Counts = std::array<std::uint64_t, 256>;

std::uint8_t before(std::uint8_t generation) noexcept {
  return static_cast<std::uint8_t>(generation - 1);
}

struct Cut {
  std::uint8_t generation;
  std::uint64_t page;  // the first page after it
  std::uint64_t explained;
  bool explainsLaterPages;
};

// A cut with generation G explains the pages of value G before it and those of G - 1 after it.
// Moving it past a page of value G makes it better, past one of G - 1 worse, past any other makes
// no difference. So a best cut lies at the end of some run, with that run's value as its G: one
// candidate for each run.
Result<Cut> bestCut(const StampRuns& stamps, const CancelFlag& cancel) noexcept {
  Counts total{};
  Counts seen{};
  Cut best{0, 0, 0, false};
  const auto cancelled = [] {
    return Result<Cut>::failed(Status::of(Fault::cancelled, "verdict"));
  };
  if (!stamps.forEachRun(cancel, [&](const Run& run) noexcept { total[run.value] += run.pages; })) {
    return cancelled();
  }
  const bool complete = stamps.forEachRun(cancel, [&](const Run& run) noexcept {
    const std::uint8_t generation = run.value;
    seen[generation] += run.pages;
    const std::uint64_t later = total[before(generation)] - seen[before(generation)];
    const std::uint64_t explained = seen[generation] + later;
    if (explained >= best.explained) {
      best = {generation, run.firstPage + run.pages, explained, later > 0};
    }
  });
  return complete ? Result<Cut>::of(best) : cancelled();
}

class DamageList {
 public:
  DamageList(Verdict& verdict, std::size_t limit) noexcept : verdict_(verdict), limit_(limit) {}

  // A run's pages that lie on one side of the cut.
  void add(const Run& run, std::uint8_t expected) noexcept {
    if (run.pages == 0 || run.value == expected) return;
    verdict_.damagedPages += run.pages;
    verdict_.damagedRuns += 1;
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
  const Result<Cut> cut = bestCut(stamps, cancel);
  if (!cut.ok()) return Result<Verdict>::failed(cut.status);

  Verdict verdict;
  verdict.generation = cut.value.generation;
  // Where no later page is explained there is no edge: those pages are damaged either way, and
  // measured against G.
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
