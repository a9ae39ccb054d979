#include "core/stream/ram/page_index.h"

#include <algorithm>

#include "core/stream/ram/inflate_page.h"

namespace drover {

PageIndex::Leaf* PageIndex::grow(std::uint64_t key) noexcept {
  if (sizeof(Leaf) > budget_->limit - budget_->used) return nullptr;
  auto leaf = std::make_unique<Leaf>();
  budget_->used += sizeof(Leaf);
  lastKey_ = key;
  lastLeaf_ = leaf.get();
  leaves_.emplace(key, std::move(leaf));
  return lastLeaf_;
}

void PageIndex::seal(const std::vector<InputFile>& inputs,
                     std::optional<std::uint64_t> zeroes) noexcept {
  storedZeroes_ = zeroes;
  inputs_ = inputs.data();
  inputCount_ = inputs.size();
  budget_ = nullptr;
  sealed_.reserve(leaves_.size());
  for (const auto& [key, leaf] : leaves_) sealed_.push_back({key, leaf.get()});
}

std::size_t PageIndex::lowerBound(std::uint64_t key) const noexcept {
  if (sealed_.empty()) return 0;
  // Almost always all leaves are there, and the place is known without searching.
  if (key >= sealed_.front().key) {
    const std::uint64_t guess = key - sealed_.front().key;
    if (guess < sealed_.size() && sealed_[guess].key == key) return guess;
  }
  const auto found =
      std::lower_bound(sealed_.begin(), sealed_.end(), key,
                       [](const Sealed& leaf, std::uint64_t wanted) { return leaf.key < wanted; });
  return static_cast<std::size_t>(found - sealed_.begin());
}

// Runs end with their leaf: long enough to be worth a call, short enough that asking page by page
// stays affordable.
PageRun PageIndex::runAt(std::uint64_t page) const noexcept {
  PageRun run;
  const std::size_t place = lowerBound(page / kLeafPages);
  if (place == sealed_.size() || sealed_[place].key != page / kLeafPages) {
    const std::uint64_t next =
        place == sealed_.size() ? pages_ : std::min(pages_, sealed_[place].key * kLeafPages);
    run.pages = next - page;
    return run;
  }
  const Leaf& leaf = *sealed_[place].leaf;
  const std::uint64_t base = sealed_[place].key * kLeafPages;
  const std::uint64_t end = std::min(kLeafPages, pages_ - base);
  std::uint64_t i = page - base;
  const PageEntry first(leaf[i]);
  run.kind = first.kind();
  run.pages = 1;
  if (run.kind == PageKind::stored) {
    run.input = first.input();
    run.offset = first.offset();
    run.stride = pageBytes_;
    std::uint64_t expected = 0;
    for (++i; i < end; ++i, ++run.pages) {
      const PageEntry next(leaf[i]);
      if (next.kind() != PageKind::stored || next.input() != run.input) break;
      if (run.pages == 1) {
        if (next.offset() < run.offset + pageBytes_) break;
        run.stride = next.offset() - run.offset;
      } else if (next.offset() != expected) {
        break;
      }
      expected = next.offset() + run.stride;
    }
    return run;
  }
  if (run.kind == PageKind::fill) run.fill = first.fill();
  const auto content = [](PageEntry entry) { return entry.sentTimes(0).bits(); };
  for (++i; i < end; ++i, ++run.pages) {
    const PageEntry next(leaf[i]);
    const bool alike = run.kind == PageKind::packed ? next.kind() == PageKind::packed
                                                    : content(next) == content(first);
    if (!alike) break;
  }
  return run;
}

Status PageIndex::unpack(std::uint64_t page, std::span<std::uint8_t> out) const noexcept {
  const std::size_t place = lowerBound(page / kLeafPages);
  if (page >= pages_ || out.size() != pageBytes_ || place == sealed_.size() ||
      sealed_[place].key != page / kLeafPages) {
    return Status::of(Fault::badArgument, "a page that is not packed");
  }
  const PageEntry entry((*sealed_[place].leaf)[page % kLeafPages]);
  if (entry.kind() != PageKind::packed || entry.input() >= inputCount_) {
    return Status::of(Fault::badArgument, "a page that is not packed");
  }
  return inflatePage(inputs_[entry.input()], entry.offset(), out);
}

std::uint64_t PageIndex::indexBytes() const noexcept {
  constexpr std::uint64_t kNodeBytes = 64;
  return leaves_.size() * (sizeof(Leaf) + kNodeBytes + sizeof(Sealed));
}

}  // namespace drover
