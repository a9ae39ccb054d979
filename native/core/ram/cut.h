// The cut: how far a writer was when its guest stopped.
//
// A writer walks its pages in ascending order, over and over, and gives each the next generation.
// So all pages before one point hold a generation G and all others G - 1. The best cut is the
// point, with its G, that explains the most pages; the others are damaged. Unlike a rule that walks
// the pages and trusts the first one, a stale page is never the reason to blame another.
//
// A cut explains the pages of G before it and those of G - 1 after it. Moving it past a page of G
// makes it better, past one of G - 1 worse, past any other makes no difference. So a best cut lies
// at the end of some run, with that run's value as its G: one candidate for each run.
//
// Of two cuts that explain equally many pages the later one wins: it explains the doubtful pages as
// stale, which is what a lost write leaves behind.
#pragma once

#include <cstdint>

namespace drover {

template <class Generation>
struct Cut {
  Generation generation = 0;
  std::uint64_t page = 0;  // the first page after it
  // False: there is no edge; pages after the cut are damaged either way, and measured against G.
  bool explainsLaterPages = false;
};

// Totals holds the pages of each generation. see(generation, pages) counts pages as seen and
// answers how many were, with these; notSeen(generation) answers how many are left.
template <class Generation, class Totals>
class CutSearch {
 public:
  explicit CutSearch(Totals& totals) noexcept : totals_(totals) {}

  // Each run that takes part, in order.
  void offer(Generation generation, std::uint64_t firstPage, std::uint64_t pages) noexcept {
    const std::uint64_t before = totals_.see(generation, pages);
    const std::uint64_t later = totals_.notSeen(static_cast<Generation>(generation - 1));
    if (before + later < explained_) return;
    explained_ = before + later;
    best_ = {generation, firstPage + pages, later > 0};
  }
  [[nodiscard]] const Cut<Generation>& best() const noexcept { return best_; }

 private:
  Totals& totals_;
  Cut<Generation> best_;
  std::uint64_t explained_ = 0;
};

}  // namespace drover
