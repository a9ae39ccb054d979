#include "core/checks/slice_map.h"

#include <algorithm>

#include "core/checks/stamp_run.h"

namespace drover {

SliceMap::SliceMap(const RamImage& image, const Slice& slice, std::uint32_t step,
                   std::uint32_t cells) noexcept
    : image_(image),
      slice_(slice),
      step_(step),
      pagesPerCell_(std::max<std::uint64_t>(1, (slice.pages(step) + cells - 1) / cells)),
      cells_((slice.pages(step) + pagesPerCell_ - 1) / pagesPerCell_) {}

void SliceMap::add(std::uint64_t address, std::uint64_t pages, std::uint64_t PageCell::*field,
                   bool damaged) noexcept {
  std::uint64_t page = slice_.pageAt(address, step_);
  while (pages > 0) {
    PageCell& cell = cells_[page / pagesPerCell_];
    const std::uint64_t here = std::min(pages, pagesPerCell_ - page % pagesPerCell_);
    if (damaged) {
      cell.damaged += here;
      cell.*field -= here;
    } else {
      cell.*field += here;
    }
    page += here;
    pages -= here;
  }
}

void SliceMap::countAbsent(const StampExtent& part) noexcept {
  add(part.address, part.count, &PageCell::absent, false);
}

void SliceMap::damageAbsent(const StampExtent& part) noexcept {
  add(part.address, part.count, &PageCell::absent, true);
}

void SliceMap::walk(const StampExtent& part, bool damaged) noexcept {
  const RamBlock& block = image_.blocks[part.block];
  for (std::uint64_t done = 0; done < part.count;) {
    const StampRun run =
        stampRunAt(block, part.blockOffset + done * step_, step_, 1, part.count - done);
    const bool zero = run.kind == PageKind::zero || (run.kind == PageKind::fill && run.fill == 0);
    add(part.address + done * step_, run.count, zero ? &PageCell::zero : &PageCell::data, damaged);
    done += run.count;
  }
}

}  // namespace drover
