#include "core/checks/stamp_sequence.h"

#include <algorithm>

namespace drover {

void StampSequence::add(bool absent, StampExtent extent) noexcept {
  std::vector<StampExtent>& list = absent ? absentExtents_ : extents_;
  extent.first = present_;
  (absent ? absent_ : present_) += extent.count;
  if (!list.empty()) {
    StampExtent& last = list.back();
    const std::uint64_t bytes = last.count * step_;
    if (last.block == extent.block && last.address + bytes == extent.address &&
        last.blockOffset + bytes == extent.blockOffset) {
      last.count += extent.count;
      return;
    }
  }
  list.push_back(extent);
}

std::size_t StampSequence::indexOf(std::uint64_t stamp) const noexcept {
  const auto after = std::upper_bound(
      extents_.begin(), extents_.end(), stamp,
      [](std::uint64_t wanted, const StampExtent& extent) { return wanted < extent.first; });
  return static_cast<std::size_t>(after - extents_.begin()) - 1;
}

Status StampSequence::append(const RamImage& image, const std::vector<ImagePiece>& pieces,
                             std::uint64_t start, const CancelFlag& cancel) noexcept {
  const std::uint64_t step = step_;
  for (const ImagePiece& piece : pieces) {
    const RamBlock& block = image.blocks[piece.block];
    const std::uint64_t end = piece.blockOffset + piece.length;
    // The first stamp in this piece.
    const std::uint64_t late = (piece.address - start) % step;
    std::uint64_t offset = piece.blockOffset + (late == 0 ? 0 : step - late);
    for (std::uint64_t turn = 0; offset < end; ++turn) {
      if (turn % 4096 == 0 && cancel.isSet()) {
        return Status::of(Fault::cancelled, "check");
      }
      const std::uint64_t page = offset / block.pageBytes;
      const PageRun run = block.table->runAt(page);
      const std::uint64_t runEnd = std::min(end, (page + run.pages) * block.pageBytes);
      const std::uint64_t count = (runEnd - offset - 1) / step + 1;
      const std::uint64_t address = piece.address + (offset - piece.blockOffset);
      add(run.kind == PageKind::absent, {0, count, address, offset, piece.block});
      offset += count * step;
    }
  }
  return {};
}

}  // namespace drover
