#include "core/checks/block_pages.h"

#include <array>

#include "core/checks/block_walk.h"
#include "core/checks/zero.h"

namespace drover {
namespace {

constexpr std::uint64_t kCountedPiece = std::uint64_t{4} << 20;
constexpr std::size_t kLargestPage = 65536;

std::uint64_t countZeroPages(const std::uint8_t* bytes, std::uint64_t pages,
                             std::uint32_t pageBytes) noexcept {
  std::uint64_t zero = 0;
  for (std::uint64_t i = 0; i < pages; ++i) {
    if (isZero({bytes + i * pageBytes, pageBytes})) ++zero;
  }
  return zero;
}

std::uint64_t& counterOf(BlockStatistics& statistics, PageKind kind) noexcept {
  switch (kind) {
    case PageKind::absent:
      return statistics.absent;
    case PageKind::zero:
      return statistics.zero;
    case PageKind::fill:
      return statistics.filled;
    case PageKind::stored:
      return statistics.stored;
    case PageKind::packed:
      break;
  }
  return statistics.packed;
}

}  // namespace

Result<BlockStatistics> blockStatistics(const RamImage& image, const RamBlock& block, bool content,
                                        Progress& progress, const CancelFlag& cancel) noexcept {
  using Counted = Result<BlockStatistics>;
  BlockStatistics statistics;
  statistics.pages = block.pages();
  progress.expect(statistics.pages);
  std::uint64_t zero = 0;
  std::array<std::uint8_t, kLargestPage> page;
  const auto count = [&](const BlockPiece& piece) noexcept {
    const std::uint64_t pages = piece.length / block.pageBytes;
    counterOf(statistics, piece.kind) += pages;
    progress.add(pages);
    if (piece.kind == PageKind::zero || (piece.kind == PageKind::fill && piece.fill == 0)) {
      zero += pages;
    }
    if (!content) return Status{};
    if (piece.kind == PageKind::stored) {
      return image.inputs[piece.input].visit(
          piece.fileOffset, piece.length, [&](const std::uint8_t* bytes) {
            zero += countZeroPages(bytes, pages, block.pageBytes);
          });
    }
    if (piece.kind != PageKind::packed) return Status{};
    const Status status = image.read(block, piece.offset, std::span(page).first(block.pageBytes));
    if (status.ok() && isZero({page.data(), block.pageBytes})) ++zero;
    return status;
  };
  const Status status = forEachPiece(block, 0, block.length, kCountedPiece, cancel, count);
  if (!status.ok()) return Counted::failed(status);
  if (content) statistics.zeroContent = zero;
  return Counted::of(statistics);
}

Result<BlockMap> blockMap(const RamBlock& block, std::uint32_t cells,
                          const CancelFlag& cancel) noexcept {
  BlockMap map;
  const std::uint64_t pages = block.pages();
  map.pagesPerCell = std::max<std::uint64_t>(1, (pages + cells - 1) / cells);
  map.cells.resize((pages + map.pagesPerCell - 1) / map.pagesPerCell);
  const std::uint64_t cellBytes = map.pagesPerCell * block.pageBytes;
  const auto count = [&](const BlockPiece& piece) noexcept {
    for (std::uint64_t at = piece.offset; at < piece.offset + piece.length;) {
      const std::uint64_t end =
          std::min(piece.offset + piece.length, (at / cellBytes + 1) * cellBytes);
      PageCell& cell = map.cells[at / cellBytes];
      const bool zero =
          piece.kind == PageKind::zero || (piece.kind == PageKind::fill && piece.fill == 0);
      auto& counter = piece.kind == PageKind::absent ? cell.absent : zero ? cell.zero : cell.data;
      counter += (end - at) / block.pageBytes;
      at = end;
    }
    return Status{};
  };
  const Status status = forEachPiece(block, 0, block.length, block.length, cancel, count);
  return status.ok() ? Result<BlockMap>::of(std::move(map)) : Result<BlockMap>::failed(status);
}

}  // namespace drover
