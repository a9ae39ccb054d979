// Reads a range of a block, for other code that works on its bytes.
#pragma once

#include "core/cancel.h"
#include "core/image/ram_image.h"

namespace drover {

// Fills `out` from `offset` on. The answer is how many of these bytes the file does not hold; they
// are zeroes in `out`.
Result<std::uint64_t> readBlock(const RamImage& image, const RamBlock& block, std::uint64_t offset,
                                std::span<std::uint8_t> out, const CancelFlag& cancel) noexcept;

}  // namespace drover
