#include "core/image/guest_space.h"

#include <algorithm>
#include <span>

namespace drover {
namespace {

// The places of a block that may hold the address: those before them end below it.
std::span<const AddressRange> placesFrom(const RamBlock& block, std::uint64_t address) noexcept {
  const std::span<const AddressRange> all = block.places;
  if (!block.placesInOrder) return all;
  const auto first =
      std::partition_point(all.begin(), all.end(), [address](const AddressRange& place) {
        return place.address <= address && address - place.address >= place.length;
      });
  return first == all.end() ? std::span<const AddressRange>{} : std::span(&*first, 1);
}

// The first block that the guest sees at the address: main RAM comes before what may lie over it.
std::optional<ImagePiece> pieceAt(const RamImage& image, std::uint64_t address) noexcept {
  for (std::uint32_t i = 0; i < image.blocks.size(); ++i) {
    for (const AddressRange& place : placesFrom(image.blocks[i], address)) {
      if (address < place.address || address - place.address >= place.length) continue;
      const std::uint64_t inside = address - place.address;
      return ImagePiece{i, place.blockOffset + inside, place.length - inside, address};
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<ImagePiece>> piecesOf(const RamImage& image, std::optional<std::uint32_t> block,
                                         std::uint64_t start, std::uint64_t end) noexcept {
  using Pieces = Result<std::vector<ImagePiece>>;
  if (start >= end) return Pieces::failed(Status::of(Fault::badArgument, "an empty range"));
  if (block) {
    if (*block >= image.blocks.size()) {
      return Pieces::failed(Status::of(Fault::badArgument, "no such block"));
    }
    const std::uint64_t length = image.blocks[*block].length;
    if (end > length) return Pieces::failed(Status::at(Fault::outOfRange, std::max(start, length)));
    return Pieces::of({{*block, start, end - start, start}});
  }
  std::vector<ImagePiece> pieces;
  for (std::uint64_t address = start; address < end;) {
    std::optional<ImagePiece> piece = pieceAt(image, address);
    if (!piece) return Pieces::failed(Status::at(Fault::outOfRange, address));
    piece->length = std::min(piece->length, end - address);
    address += piece->length;
    pieces.push_back(*piece);
  }
  return Pieces::of(std::move(pieces));
}

}  // namespace drover
