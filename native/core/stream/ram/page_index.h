// The place of each page of a block, built while a stream is read: the last record wins. Eight
// bytes per page, in leaves that are allocated with their first page, so that memory use depends on
// what a stream holds and not on what it claims.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/image/ram_image.h"

namespace drover {

// Bits 0-2 kind (5: stored, and every byte is 0), 3-7 how often the page was sent (saturating),
// then the fill byte, or 8 bits of input and 48 of offset.
class PageEntry {
 public:
  static constexpr std::uint64_t kOffsetLimit = std::uint64_t{1} << 48U;
  static constexpr std::uint32_t kInputLimit = 256;
  static constexpr std::uint32_t kMostSent = 31;

  constexpr PageEntry() = default;
  constexpr explicit PageEntry(std::uint64_t bits) noexcept : bits_(bits) {}
  static constexpr PageEntry zero() noexcept { return of(PageKind::zero, 0); }
  static constexpr PageEntry filled(std::uint8_t fill) noexcept { return of(PageKind::fill, fill); }
  // SAFETY: input < kInputLimit, offset < kOffsetLimit.
  static constexpr PageEntry stored(std::uint32_t input, std::uint64_t offset) noexcept {
    return of(PageKind::stored, (std::uint64_t{input} << 48U) | offset);
  }
  static constexpr PageEntry storedZeroes(std::uint32_t input, std::uint64_t offset) noexcept {
    return PageEntry((stored(input, offset).bits_ & ~std::uint64_t{7}) | kStoredZeroes);
  }
  static constexpr PageEntry packed(std::uint32_t input, std::uint64_t offset) noexcept {
    return of(PageKind::packed, (std::uint64_t{input} << 48U) | offset);
  }

  [[nodiscard]] constexpr PageKind kind() const noexcept {
    return isStoredZeroes() ? PageKind::stored : static_cast<PageKind>(bits_ & 7U);
  }
  [[nodiscard]] constexpr bool isStoredZeroes() const noexcept {
    return (bits_ & 7U) == kStoredZeroes;
  }
  [[nodiscard]] constexpr std::uint32_t sent() const noexcept { return (bits_ >> 3U) & 31U; }
  [[nodiscard]] constexpr std::uint8_t fill() const noexcept { return (bits_ >> 8U) & 0xffU; }
  [[nodiscard]] constexpr std::uint32_t input() const noexcept { return bits_ >> 56U; }
  [[nodiscard]] constexpr std::uint64_t offset() const noexcept {
    return (bits_ >> 8U) & (kOffsetLimit - 1);
  }
  [[nodiscard]] constexpr PageEntry sentTimes(std::uint32_t times) const noexcept {
    return PageEntry((bits_ & ~std::uint64_t{0xf8}) | (std::uint64_t{times} << 3U));
  }
  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }

 private:
  static constexpr PageEntry of(PageKind kind, std::uint64_t payload) noexcept {
    return PageEntry((payload << 8U) | static_cast<std::uint64_t>(kind));
  }
  static constexpr std::uint64_t kStoredZeroes = 5;
  std::uint64_t bits_ = 0;
};

// Shared by the blocks of a stream. Scattered pages cost a leaf each, so a small file could ask for
// much; a stream that holds every page, as real ones do, never takes more than it is long.
struct IndexBudget {
  std::uint64_t limit = 0;
  std::uint64_t used = 0;
};

class PageIndex final : public PageTable {
 public:
  static constexpr std::uint64_t kLeafPages = 512;

  PageIndex(std::uint64_t pages, std::uint32_t pageBytes, IndexBudget* budget) noexcept
      : pages_(pages), pageBytes_(pageBytes), budget_(budget) {}

  [[nodiscard]] PageEntry get(std::uint64_t page) noexcept {
    const Leaf* leaf = find(page / kLeafPages);
    return leaf == nullptr ? PageEntry{} : PageEntry((*leaf)[page % kLeafPages]);
  }

  // The place to write an entry to; null when memory or the budget is used up. Valid until the next
  // call.
  [[nodiscard]] std::uint64_t* at(std::uint64_t page) noexcept {
    Leaf* leaf = find(page / kLeafPages);
    if (leaf == nullptr) leaf = grow(page / kLeafPages);
    return leaf == nullptr ? nullptr : &(*leaf)[page % kLeafPages];
  }

  // Calls gone(PageEntry) for each present page of [first, first + count) and makes it absent. A
  // leaf that is covered goes away, so that taking back the same range again costs nothing.
  template <class Gone>
  void discard(std::uint64_t first, std::uint64_t count, Gone&& gone);

  // Ends building. `inputs` are the files that entries of kind packed point into; `zeroes` is the
  // number of pages of zeroes among the stored ones, where each was looked at.
  void seal(const std::vector<InputFile>& inputs, std::optional<std::uint64_t> zeroes) noexcept;

  [[nodiscard]] PageRun runAt(std::uint64_t page) const noexcept override;
  [[nodiscard]] Status unpack(std::uint64_t page,
                              std::span<std::uint8_t> out) const noexcept override;
  [[nodiscard]] std::uint64_t indexBytes() const noexcept override;
  [[nodiscard]] std::optional<std::uint64_t> storedZeroes() const noexcept override {
    return storedZeroes_;
  }

 private:
  using Leaf = std::array<std::uint64_t, kLeafPages>;
  struct Sealed {
    std::uint64_t key;
    const Leaf* leaf;
  };

  Leaf* find(std::uint64_t key) noexcept {
    if (key == lastKey_) return lastLeaf_;
    const auto found = leaves_.find(key);
    if (found == leaves_.end()) return nullptr;
    lastKey_ = key;
    lastLeaf_ = found->second.get();
    return lastLeaf_;
  }
  Leaf* grow(std::uint64_t key) noexcept;
  // The first leaf with this key or a higher one; sealed_.size() when there is none.
  [[nodiscard]] std::size_t lowerBound(std::uint64_t key) const noexcept;

  std::uint64_t pages_;
  std::uint32_t pageBytes_;
  IndexBudget* budget_;  // only while building
  std::map<std::uint64_t, std::unique_ptr<Leaf>> leaves_;
  std::uint64_t lastKey_ = ~std::uint64_t{0};
  Leaf* lastLeaf_ = nullptr;
  std::vector<Sealed> sealed_;
  const InputFile* inputs_ = nullptr;
  std::size_t inputCount_ = 0;
  std::optional<std::uint64_t> storedZeroes_;
};

template <class Gone>
void PageIndex::discard(std::uint64_t first, std::uint64_t count, Gone&& gone) {
  lastKey_ = ~std::uint64_t{0};
  const std::uint64_t end = first + count;
  auto it = leaves_.lower_bound(first / kLeafPages);
  while (it != leaves_.end() && it->first * kLeafPages < end) {
    const std::uint64_t base = it->first * kLeafPages;
    const std::uint64_t from = first > base ? first - base : 0;
    const std::uint64_t to = end - base < kLeafPages ? end - base : kLeafPages;
    for (std::uint64_t i = from; i < to; ++i) {
      std::uint64_t& bits = (*it->second)[i];
      if (PageEntry(bits).kind() != PageKind::absent) gone(PageEntry(bits));
      bits = 0;
    }
    if (from == 0 && to == kLeafPages) {
      budget_->used -= sizeof(Leaf);
      it = leaves_.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace drover
