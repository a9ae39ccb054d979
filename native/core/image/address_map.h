// Guest addresses of the ramblocks of a migration stream. Streams hold block offsets only, so the
// addresses follow from the machine type. Blocks of machines not listed here have no address.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/image/ram_image.h"

namespace drover {

// `machine` as the stream names it ("pc-i440fx-7.2") or as users do ("pc"); `arch` only decides
// between machines called alike ("virt"), and only where the block's name does not. `aboveBytes` is
// the amount of RAM above 4 GiB as the guest's CMOS says, where known: max-ram-below-4g moves
// the split.
void placeBlocks(std::vector<RamBlock>& blocks, std::string_view machine, std::string_view arch,
                 std::optional<std::uint64_t> aboveBytes) noexcept;

// Gives the main block the user's own places, if there are any: the block that has places already,
// or else the one that belongs to no device. False when there is none or it is too short for them.
bool placeMain(std::vector<RamBlock>& blocks, const std::vector<AddressRange>& places) noexcept;

// A message about what is wrong with places in a block of `length` bytes, or nullptr.
const char* wrongPlaces(const std::vector<AddressRange>& places, std::uint64_t length) noexcept;

// The pieces of one RAM of `length` bytes; empty when the machine is not known.
std::vector<AddressRange> placesOf(std::string_view machine, std::string_view arch,
                                   std::uint64_t length,
                                   std::optional<std::uint64_t> aboveBytes) noexcept;

}  // namespace drover
