// Splits a range of guest addresses, or of offsets in one block, into pieces of blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/image/ram_image.h"

namespace drover {

// Neighbouring bytes of a block. `address` is where the asker counts: a guest address, or an
// offset.
struct ImagePiece {
  std::uint32_t block;
  std::uint64_t blockOffset;
  std::uint64_t length;
  std::uint64_t address;
};

// All of [start, end), in order. Fault::outOfRange with the first address that nothing holds.
Result<std::vector<ImagePiece>> piecesOf(const RamImage& image, std::optional<std::uint32_t> block,
                                         std::uint64_t start, std::uint64_t end) noexcept;

}  // namespace drover
