#include "core/checks/block_pages.h"

#include <array>

#include "core/checks/block_walk.h"
#include "core/image/zero.h"

namespace drover {
namespace {

constexpr std::uint64_t kCountedPiece = std::uint64_t{4} << 20;
constexpr std::size_t kLargestPage = 65536;

Status cancelled() noexcept {
  return Status::of(Fault::cancelled, "image");
}

// What to count zero pages with.
struct Content {
  const RamImage& image;
  const RamBlock& block;
  Progress& progress;
  const CancelFlag& cancel;
  std::uint64_t zero = 0;
};

Status countStored(Content& content, const PageRun& run) noexcept {
  const std::uint32_t pageBytes = content.block.pageBytes;
  const std::uint64_t stride = std::max<std::uint64_t>(run.stride, pageBytes);
  const std::uint64_t most = std::max<std::uint64_t>(1, kCountedPiece / stride);
  for (std::uint64_t done = 0; done < run.pages;) {
    if (content.cancel.isSet()) return cancelled();
    const std::uint64_t pages = std::min(run.pages - done, most);
    const Status status = content.image.inputs[run.input].visit(
        run.offset + done * stride, (pages - 1) * stride + pageBytes,
        [&](const std::uint8_t* bytes) {
          for (std::uint64_t i = 0; i < pages; ++i) {
            if (isZero({bytes + i * stride, pageBytes})) ++content.zero;
          }
        });
    if (!status.ok()) return status;
    done += pages;
    content.progress.add(pages);
  }
  return {};
}

Status countPacked(Content& content, std::uint64_t first, std::uint64_t pages) noexcept {
  const std::uint32_t pageBytes = content.block.pageBytes;
  std::array<std::uint8_t, kLargestPage> page;
  for (std::uint64_t i = first; i < first + pages; ++i) {
    if (content.cancel.isSet()) return cancelled();
    const Status status =
        content.image.read(content.block, i * pageBytes, std::span(page).first(pageBytes));
    if (!status.ok()) return status;
    if (isZero({page.data(), pageBytes})) ++content.zero;
    content.progress.add(1);
  }
  return {};
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
  const std::optional<std::uint64_t> storedZeroes = block.table->storedZeroes();
  Content counted{image, block, progress, cancel, storedZeroes.value_or(0)};
  for (std::uint64_t page = 0; page < statistics.pages;) {
    if (cancel.isSet()) return Counted::failed(cancelled());
    const PageRun run = block.table->runAt(page);
    counterOf(statistics, run.kind) += run.pages;
    Status status;
    if (content && run.kind == PageKind::stored && !storedZeroes) {
      status = countStored(counted, run);
    } else if (content && run.kind == PageKind::packed) {
      status = countPacked(counted, page, run.pages);
    } else {
      if (run.kind == PageKind::zero || (run.kind == PageKind::fill && run.fill == 0)) {
        counted.zero += run.pages;
      }
      progress.add(run.pages);
    }
    if (!status.ok()) return Counted::failed(status);
    page += run.pages;
  }
  if (content) statistics.zeroContent = counted.zero;
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
