// A slice's pages in cells: what kinds of pages there are, and which of them are damaged.
#pragma once

#include <cstdint>
#include <vector>

#include "core/checks/image_check.h"
#include "core/checks/page_cells.h"
#include "core/checks/stamp_sequence.h"
#include "core/image/ram_image.h"

namespace drover {

class SliceMap {
 public:
  SliceMap(const RamImage& image, const Slice& slice, std::uint32_t step,
           std::uint32_t cells) noexcept;

  [[nodiscard]] std::uint64_t pagesPerCell() const noexcept { return pagesPerCell_; }
  // Pages as the index has them.
  void count(const StampExtent& part) noexcept { walk(part, false); }
  void countAbsent(const StampExtent& part) noexcept;
  // Pages counted before turn out to be damaged.
  void damage(const StampExtent& part) noexcept { walk(part, true); }
  void damageAbsent(const StampExtent& part) noexcept;
  [[nodiscard]] std::vector<PageCell> take() noexcept { return std::move(cells_); }

 private:
  void walk(const StampExtent& part, bool damaged) noexcept;
  void add(std::uint64_t address, std::uint64_t pages, std::uint64_t PageCell::*field,
           bool damaged) noexcept;

  const RamImage& image_;
  Slice slice_;
  std::uint64_t step_;
  std::uint64_t pagesPerCell_;
  std::vector<PageCell> cells_;
};

}  // namespace drover
