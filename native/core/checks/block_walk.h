// A block's bytes in order, in uniform pieces: for work that reads all of them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cancel.h"
#include "core/image/ram_image.h"

namespace drover {

struct BlockPiece {
  std::uint64_t offset;  // in the block
  std::uint64_t length;
  PageKind kind;
  std::uint8_t fill;
  std::uint32_t input;       // kind stored: all of it in this file,
  std::uint64_t fileOffset;  // from here on
};

// visit(BlockPiece) -> Status over [start, end) of the block. Stored and packed pieces are of at
// most `largest` bytes (packed ones are parts of one page); the others may be as long as the block.
template <class Visit>
[[nodiscard]] Status forEachPiece(const RamBlock& block, std::uint64_t start, std::uint64_t end,
                                  std::uint64_t largest, const CancelFlag& cancel,
                                  Visit visit) noexcept {
  if (start > end || end > block.length) return Status::at(Fault::outOfRange, block.length);
  while (start < end) {
    if (cancel.isSet()) return Status::of(Fault::cancelled, "image");
    const std::uint64_t inPage = start % block.pageBytes;
    const PageRun run = block.table->runAt(start / block.pageBytes);
    const bool single = run.kind == PageKind::packed ||
                        (run.kind == PageKind::stored && run.stride != block.pageBytes);
    std::uint64_t length = (single ? 1 : run.pages) * block.pageBytes - inPage;
    if (run.kind == PageKind::stored) length = std::min(length, largest);
    length = std::min(length, end - start);
    const Status status =
        visit(BlockPiece{start, length, run.kind, run.fill, run.input, run.offset + inPage});
    if (!status.ok()) return status;
    start += length;
  }
  return {};
}

}  // namespace drover
