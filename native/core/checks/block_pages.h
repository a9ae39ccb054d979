// What kinds of pages a block has, counted or as a map. No contract with the guest is needed.
#pragma once

#include <optional>
#include <vector>

#include "core/cancel.h"
#include "core/checks/page_cells.h"
#include "core/image/ram_image.h"
#include "core/progress.h"

namespace drover {

struct BlockStatistics {
  std::uint64_t pages = 0;
  std::uint64_t absent = 0;
  std::uint64_t zero = 0;
  std::uint64_t filled = 0;
  std::uint64_t stored = 0;
  std::uint64_t packed = 0;
  // Pages with every byte 0, whatever their kind; absent ones are not counted. Only when asked for,
  // since it means reading them all.
  std::optional<std::uint64_t> zeroContent;
};

Result<BlockStatistics> blockStatistics(const RamImage& image, const RamBlock& block, bool content,
                                        Progress& progress, const CancelFlag& cancel) noexcept;

struct BlockMap {
  std::uint64_t pagesPerCell = 1;
  std::vector<PageCell> cells;
};

// `cells` is at least 1; there are fewer when the block has fewer pages.
Result<BlockMap> blockMap(const RamBlock& block, std::uint32_t cells,
                          const CancelFlag& cancel) noexcept;

}  // namespace drover
