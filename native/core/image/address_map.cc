#include "core/image/address_map.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace drover {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

// RAM of up to `whole` bytes is one piece at `base`. More than that: the first `low` bytes
// stay there and the rest starts at `high`.
struct Layout {
  std::string_view machine;  // what its name starts with; "" where the block's name says it all
  std::string_view arch;     // what the architecture's name starts with; "" for any
  std::string_view block;    // the usual name of main RAM; "" where others use it elsewhere
  std::uint64_t base;
  std::uint64_t whole;
  std::uint64_t low;
  std::uint64_t high;
};

constexpr std::uint64_t kNoSplit = ~std::uint64_t{0};

// More specific names first. Thresholds are upstream's behaviour, found with `info mtree`.
constexpr std::array kLayouts{
    Layout{"pc-q35", "", "pc.ram", 0, 0xB0000000 - 1, 2 * kGiB, 4 * kGiB},
    Layout{"q35", "", "pc.ram", 0, 0xB0000000 - 1, 2 * kGiB, 4 * kGiB},
    Layout{"pc", "", "pc.ram", 0, 0xE0000000 - 1, 3 * kGiB, 4 * kGiB},
    Layout{"microvm", "", "microvm.ram", 0, 3 * kGiB, 3 * kGiB, 4 * kGiB},
    Layout{"s390-ccw-virtio", "", "s390.ram", 0, kNoSplit, 0, 0},
    Layout{"pseries", "", "ppc_spapr.ram", 0, kNoSplit, 0, 0},
    Layout{"versatile", "", "versatile.ram", 0, kNoSplit, 0, 0},
    Layout{"isapc", "", "", 0, kNoSplit, 0, 0},
    Layout{"sbsa-ref", "", "sbsa-ref.ram", std::uint64_t{1} << 40, kNoSplit, 0, 0},
    Layout{"raspi", "", "", 0, kNoSplit, 0, 0},
    Layout{"xilinx-zynq-a9", "", "zynq.ext_ram", 0, kNoSplit, 0, 0},
    Layout{"sabrelite", "", "sabrelite.ram", 0x10000000, kNoSplit, 0, 0},
    Layout{"ast2500", "", "", 0x80000000, kNoSplit, 0, 0},
    Layout{"ast2600", "", "", 0x80000000, kNoSplit, 0, 0},
    Layout{"next-cube", "", "next.ram", 0x4000000, kNoSplit, 0, 0},
    Layout{"virt", "riscv", "riscv_virt_board.ram", 0x80000000, kNoSplit, 0, 0},
    Layout{"virt", "loongarch", "loongarch.ram", 0, 256 * kMiB, 256 * kMiB, 0x80000000},
    Layout{"virt", "a", "mach-virt.ram", 0x40000000, kNoSplit, 0, 0},
};

bool startsWith(std::string_view text, std::string_view start) noexcept {
  return text.substr(0, start.size()) == start;
}

const Layout* layoutOfMachine(std::string_view machine, std::string_view arch) noexcept {
  if (machine.empty()) return nullptr;
  for (const Layout& layout : kLayouts) {
    if (startsWith(machine, layout.machine) && startsWith(arch, layout.arch)) return &layout;
  }
  return nullptr;
}

// Without a machine a block's name still says where it is, unless its RAM may be split in two
// ways.
const Layout* layoutOfBlock(const RamBlock& block) noexcept {
  const Layout* found = nullptr;
  for (const Layout& layout : kLayouts) {
    if (block.name != layout.block) continue;
    if (block.length > layout.whole && found != nullptr) return nullptr;
    if (found == nullptr || block.length > found->whole) found = &layout;
  }
  if (found == nullptr || block.length <= found->whole || found->block != "pc.ram") return found;
  return nullptr;
}

std::vector<AddressRange> split(const Layout& layout, std::uint64_t length,
                                std::optional<std::uint64_t> above) noexcept {
  std::uint64_t low = length > layout.whole ? layout.low : length;
  // What the guest's CMOS says, where it can be true.
  if (above && layout.high == 4 * kGiB && *above <= length && length - *above <= 4 * kGiB) {
    low = length - *above;
  }
  std::uint64_t end = 0;
  if (length == 0 || __builtin_add_overflow(std::max(layout.base, layout.high), length, &end)) {
    return {};
  }
  std::vector<AddressRange> places;
  if (low > 0) places.push_back({layout.base, 0, low});
  if (low < length) places.push_back({layout.high, low, length - low});
  return places;
}

constexpr std::string_view kObjects = "/objects/";

// Behind the path of a device, such as "0000:00:01.0/", a name with a dot ("vga.vram") is of memory
// of its own. Any other is a backend's, which the user named: of virtio-mem, for one.
bool isBehindDevice(std::string_view name) noexcept {
  return !startsWith(name, "/") && name.find('/') != std::string_view::npos;
}

// Names that machines and devices give to memory of their own.
bool belongsToDevice(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 7> kParts{"/",     ":",     ".bios", ".rom",
                                                   ".mrom", "flash", "vram"};
  if (isBehindDevice(name)) {
    name.remove_prefix(name.rfind('/') + 1);
    if (name.find('.') != std::string_view::npos) return true;
  }
  return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  });
}

bool hasUsualName(const RamBlock& block) noexcept {
  return std::any_of(kLayouts.begin(), kLayouts.end(),
                     [&](const Layout& layout) { return layout.block == block.name; });
}

// Main RAM under a name of the user's own can only be recognised when it is the only such block: a
// second one may be a DIMM or another NUMA node.
RamBlock* mainBlock(std::vector<RamBlock>& blocks, const Layout* layout) noexcept {
  RamBlock* only = nullptr;
  for (RamBlock& block : blocks) {
    if (layout != nullptr && block.name == layout->block) return &block;
  }
  for (RamBlock& block : blocks) {
    if (!isMainMemory(block) || isBehindDevice(block.name)) continue;
    if (only != nullptr) return nullptr;
    only = &block;
  }
  return only;
}

// "ram-node1" is number 1 of "ram-node".
std::pair<std::string_view, std::string_view> numbered(std::string_view name) noexcept {
  const std::size_t digits = name.find_last_not_of("0123456789") + 1;
  return {name.substr(0, digits), name.substr(digits)};
}

// The blocks called `stem` and 0, 1, 2 and so on, in this order.
std::vector<RamBlock*> series(std::vector<RamBlock>& blocks, std::string_view stem) noexcept {
  std::vector<RamBlock*> found;
  for (;;) {
    const std::string number = std::to_string(found.size());
    const auto next = std::find_if(blocks.begin(), blocks.end(), [&](const RamBlock& block) {
      return isMainMemory(block) &&
             numbered(block.name) == std::pair(stem, std::string_view(number));
    });
    if (next == blocks.end()) return found;
    found.push_back(&*next);
  }
}

// NUMA nodes lie one after another, as one block would. Backends may have any names, so only those
// are taken that are numbered, and no other series that is as large may be there.
void placeNodes(std::vector<RamBlock>& blocks, const Layout& layout, const CmosRam& cmos) noexcept {
  std::vector<RamBlock*> nodes;
  const std::uint64_t total = cmos.below4G + cmos.above4G;
  for (const RamBlock& block : blocks) {
    const auto [stem, number] = numbered(block.name);
    if (!isMainMemory(block) || number != "0") continue;
    std::vector<RamBlock*> candidate = series(blocks, stem);
    std::uint64_t length = 0;
    for (const RamBlock* node : candidate) length += node->length;
    if (length != total) continue;
    if (!nodes.empty()) return;
    nodes = std::move(candidate);
  }
  std::uint64_t start = 0;
  for (RamBlock* node : nodes) {
    for (const AddressRange& whole : split(layout, total, cmos.above4G)) {
      const std::uint64_t from = std::max(start, whole.blockOffset);
      const std::uint64_t to = std::min(start + node->length, whole.blockOffset + whole.length);
      if (from >= to) continue;
      node->places.push_back({whole.address + (from - whole.blockOffset), from - start, to - from});
    }
    start += node->length;
  }
}

}  // namespace

std::vector<AddressRange> placesOf(std::string_view machine, std::string_view arch,
                                   std::uint64_t length,
                                   std::optional<std::uint64_t> aboveBytes) noexcept {
  const Layout* layout = layoutOfMachine(machine, arch);
  return layout == nullptr ? std::vector<AddressRange>{} : split(*layout, length, aboveBytes);
}

void placeBlocks(std::vector<RamBlock>& blocks, std::string_view machine, std::string_view arch,
                 std::optional<CmosRam> cmos) noexcept {
  std::optional<std::uint64_t> aboveBytes;
  if (cmos) aboveBytes = cmos->above4G;
  bool placed = false;
  const Layout* layout = layoutOfMachine(machine, arch);
  for (RamBlock& block : blocks) {
    if (block.name == "pc.bios" && block.length > 0 && block.length <= 4 * kGiB) {
      block.places = {{4 * kGiB - block.length, 0, block.length}};
    }
    if (!hasUsualName(block)) continue;
    const Layout* own =
        layout != nullptr && layout->block == block.name ? layout : layoutOfBlock(block);
    if (own != nullptr) block.places = split(*own, block.length, aboveBytes);
    placed = true;
  }
  if (placed || layout == nullptr) return;
  RamBlock* const main = mainBlock(blocks, layout);
  if (main != nullptr) {
    main->places = split(*layout, main->length, aboveBytes);
  } else if (cmos && layout->high == 4 * kGiB) {
    placeNodes(blocks, *layout, *cmos);
  }
}

std::string placeNamed(std::vector<RamBlock>& blocks,
                       const std::vector<NamedPlace>& places) noexcept {
  for (RamBlock& block : blocks) {
    std::vector<AddressRange> found;
    std::uint64_t offset = 0;
    for (const NamedPlace& place : places) {
      if (place.block != block.name) continue;
      const std::uint64_t left = block.length - std::min(offset, block.length);
      const std::uint64_t length = place.length == 0 ? left : place.length;
      if (place.address % block.pageBytes != 0 || length % block.pageBytes != 0) {
        return "--place " + block.name + ": a place that cuts a page";
      }
      found.push_back({place.address, offset, length});
      offset += length;
    }
    if (found.empty()) continue;
    const char* wrong = wrongPlaces(found, block.length);
    if (wrong != nullptr) return "--place " + block.name + ": " + wrong;
    block.places = std::move(found);
    block.placesInOrder = false;
  }
  return {};
}

bool isMainMemory(const RamBlock& block) noexcept {
  std::string_view name = block.name;
  if (startsWith(name, kObjects)) name.remove_prefix(kObjects.size());
  return hasUsualName(block) || !belongsToDevice(name);
}

const char* wrongPlaces(const std::vector<AddressRange>& places, std::uint64_t length) noexcept {
  for (const AddressRange& place : places) {
    std::uint64_t end = 0;
    if (place.length == 0 || __builtin_add_overflow(place.address, place.length, &end)) {
      return "a place is empty or beyond 64 bits";
    }
    if (place.blockOffset > length || place.length > length - place.blockOffset) {
      return "a place lies beyond the end of memory";
    }
  }
  return nullptr;
}

bool placeMain(std::vector<RamBlock>& blocks, const std::vector<AddressRange>& places) noexcept {
  if (places.empty()) return true;
  const auto placed = std::find_if(blocks.begin(), blocks.end(), [](const RamBlock& block) {
    return !block.places.empty() && !belongsToDevice(block.name);
  });
  // "pc.ram" and its like are main memory, whatever their names look like.
  const auto usual = std::find_if(blocks.begin(), blocks.end(), hasUsualName);
  RamBlock* main = mainBlock(blocks, nullptr);
  if (placed != blocks.end()) main = &*placed;
  if (usual != blocks.end()) main = &*usual;
  if (main == nullptr || wrongPlaces(places, main->length) != nullptr) return false;
  main->places = places;
  return true;
}

}  // namespace drover
