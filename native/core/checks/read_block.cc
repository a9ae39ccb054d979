#include "core/checks/read_block.h"

#include "core/checks/block_walk.h"

namespace drover {

// From this size on one system call for all page tables costs less than a fault for each.
constexpr std::uint64_t kWorthPopulating = std::uint64_t{1} << 20;

Result<std::uint64_t> readBlock(const RamImage& image, const RamBlock& block, std::uint64_t offset,
                                std::span<std::uint8_t> out, const CancelFlag& cancel) noexcept {
  std::uint64_t absent = 0;
  const auto read = [&](const BlockPiece& piece) noexcept {
    if (piece.kind == PageKind::absent) absent += piece.length;
    if (piece.kind == PageKind::stored && piece.length >= kWorthPopulating) {
      image.inputs[piece.input].populate(piece.fileOffset, piece.length);
    }
    return image.read(block, piece.offset, out.subspan(piece.offset - offset, piece.length));
  };
  const Status status = forEachPiece(block, offset, offset + out.size(), out.size(), cancel, read);
  return status.ok() ? Result<std::uint64_t>::of(absent) : Result<std::uint64_t>::failed(status);
}

}  // namespace drover
