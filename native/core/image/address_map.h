// Guest addresses of the ramblocks of a migration stream. Streams hold block offsets only, so the
// addresses follow from the machine type. Blocks of machines not listed here have no address.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/image/ram_image.h"

namespace drover {

// RAM of the machine without DIMMs, from the CMOS of a PC.
struct CmosRam {
  std::uint64_t below4G;
  std::uint64_t above4G;
};

// `machine` as the stream names it ("pc-i440fx-7.2") or as users do ("pc"); `arch` only decides
// between machines called alike ("virt"), and only where the block's name does not. With `cmos`,
// where known, the split is where max-ram-below-4g moved it, and NUMA nodes have addresses: blocks
// with numbered names, such as ram-node0 and ram-node1, that together are all of this RAM.
void placeBlocks(std::vector<RamBlock>& blocks, std::string_view machine, std::string_view arch,
                 std::optional<CmosRam> cmos) noexcept;

// A piece of the block with this name; a block's pieces follow each other. Length 0: the rest of
// it.
struct NamedPlace {
  std::string block;
  std::uint64_t address;
  std::uint64_t length;
};

// Gives blocks the places that are listed for them. A message about what is wrong, or an empty one.
std::string placeNamed(std::vector<RamBlock>& blocks,
                       const std::vector<NamedPlace>& places) noexcept;

// Gives the main block the user's own places, if there are any: the block that has places already,
// or else the one that belongs to no device. False when there is none or it is too short for them.
bool placeMain(std::vector<RamBlock>& blocks, const std::vector<AddressRange>& places) noexcept;

// Whether a block is memory of the guest itself, such as RAM, a NUMA node or a DIMM, by its name:
// not the ROM, flash or video memory of a device.
bool isMainMemory(const RamBlock& block) noexcept;

// A message about what is wrong with places in a block of `length` bytes, or nullptr.
const char* wrongPlaces(const std::vector<AddressRange>& places, std::uint64_t length) noexcept;

// The pieces of one RAM of `length` bytes; empty when the machine is not known.
std::vector<AddressRange> placesOf(std::string_view machine, std::string_view arch,
                                   std::uint64_t length,
                                   std::optional<std::uint64_t> aboveBytes) noexcept;

}  // namespace drover
