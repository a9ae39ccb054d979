// SHA-256 of a block's content. Pages that were never received count as zeroes.
#pragma once

#include <string>

#include "core/cancel.h"
#include "core/image/ram_image.h"
#include "core/progress.h"

namespace drover {

// Over [start, end) of the block, in hex. Progress in pages.
Result<std::string> hashBlock(const RamImage& image, const RamBlock& block, std::uint64_t start,
                              std::uint64_t end, Progress& progress,
                              const CancelFlag& cancel) noexcept;

}  // namespace drover
