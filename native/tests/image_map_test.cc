#include <doctest/doctest.h>

#include <algorithm>

#include "core/image/address_map.h"
#include "core/image/guest_space.h"

namespace drover {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

std::vector<AddressRange> places(std::string_view machine, std::uint64_t length,
                                 std::string_view arch = "") {
  return placesOf(machine, arch, length, std::nullopt);
}

std::uint64_t lowPart(std::string_view machine, std::uint64_t length) {
  const auto found = places(machine, length);
  return found.empty() ? 0 : found[0].length;
}

TEST_CASE("x86 RAM is split where the machine splits it") {
  CHECK(lowPart("pc-i440fx-7.2", 3583 * kMiB) == 3583 * kMiB);
  CHECK(lowPart("pc-i440fx-7.2", 3584 * kMiB) == 3072 * kMiB);
  CHECK(lowPart("pc-q35-10.0", 2815 * kMiB) == 2815 * kMiB);
  CHECK(lowPart("pc-q35-10.0", 2816 * kMiB) == 2048 * kMiB);
  CHECK(lowPart("q35", 8 * kGiB) == 2 * kGiB);
  CHECK(lowPart("microvm", 8 * kGiB) == 3 * kGiB);
  const auto split = places("pc", 8 * kGiB);
  REQUIRE(split.size() == 2);
  CHECK(split[1].address == 4 * kGiB);
  CHECK(split[1].blockOffset == 3 * kGiB);
  CHECK(split[1].length == 5 * kGiB);
}

TEST_CASE("boards whose RAM begins elsewhere") {
  const auto base = [](std::string_view machine) {
    const auto found = places(machine, 512 * kMiB, "aarch64");
    return found.size() == 1 ? found[0].address : ~std::uint64_t{0};
  };
  CHECK(base("sbsa-ref") == std::uint64_t{1} << 40);
  CHECK(base("raspi3b") == 0);
  CHECK(base("sabrelite") == 0x10000000);
  CHECK(base("ast2600-evb") == 2 * kGiB);
  CHECK(places("isapc", 512 * kMiB, "i386").size() == 1);
}

TEST_CASE("the CMOS's amount of high RAM moves the split, unless it is impossible") {
  const auto moved = placesOf("pc-i440fx-10.2", "", 8 * kMiB, 4 * kMiB);
  REQUIRE(moved.size() == 2);
  CHECK(moved[0].length == 4 * kMiB);
  CHECK(moved[1].address == 4 * kGiB);
  CHECK(placesOf("pc-i440fx-10.2", "", 8 * kMiB, 9 * kMiB).size() == 1);
  CHECK(placesOf("pc-i440fx-10.2", "", 8 * kGiB, 0)[0].length == 3 * kGiB);
}

TEST_CASE("other machines have one piece at their base") {
  CHECK(places("virt-7.2", kGiB, "aarch64")[0].address == 0x40000000);
  CHECK(places("virt", kGiB, "riscv64")[0].address == 0x80000000);
  CHECK(places("pseries-7.2", kGiB)[0].address == 0);
  CHECK(places("s390-ccw-virtio-9.0", 64 * kGiB).size() == 1);
  CHECK(places("isapc", kGiB).size() == 1);
  CHECK(places("xenpv", kGiB).empty());
  CHECK(places("", kGiB).empty());
}

RamBlock blockNamed(const char* name, std::uint64_t length) {
  RamBlock block;
  block.name = name;
  block.length = length;
  return block;
}

TEST_CASE("blocks are placed by their usual names, also without a machine") {
  std::vector<RamBlock> blocks;
  blocks.push_back(blockNamed("pc.ram", 8 * kMiB));
  blocks.push_back(blockNamed("pc.bios", 65536));
  blocks.push_back(blockNamed("/rom@etc/acpi/tables", 65536));
  placeBlocks(blocks, "", "", std::nullopt);
  REQUIRE(blocks[0].places.size() == 1);
  CHECK(blocks[0].places[0].length == 8 * kMiB);
  CHECK(blocks[1].places[0].address == 4 * kGiB - 65536);
  CHECK(blocks[2].places.empty());
  blocks[0] = blockNamed("pc.ram", 8 * kGiB);
  placeBlocks(blocks, "", "", std::nullopt);
  CHECK(blocks[0].places.empty());
}

TEST_CASE("main RAM under the user's own name is found when there is but one") {
  std::vector<RamBlock> blocks;
  blocks.push_back(blockNamed("ram0", 8 * kMiB));
  blocks.push_back(blockNamed("0000:00:02.0/vga.vram", 8 * kMiB));
  placeBlocks(blocks, "q35", "", std::nullopt);
  CHECK(blocks[0].places.size() == 1);
  blocks[0].places.clear();
  blocks.push_back(blockNamed("dimm1", 8 * kMiB));
  placeBlocks(blocks, "q35", "", std::nullopt);
  CHECK(blocks[0].places.empty());
}

TEST_CASE("behind a device's path there is the device's memory, or a backend's") {
  std::vector<RamBlock> blocks;
  blocks.push_back(blockNamed("ram0", 8 * kMiB));
  blocks.push_back(blockNamed("0000:00:01.0/vmem0", 8 * kMiB));
  blocks.push_back(blockNamed("0000:00:02.0/qxl.vrom", 8192));
  blocks.push_back(blockNamed("0000:00:03.0/bochs-display-vram", 8 * kMiB));
  placeBlocks(blocks, "q35", "", std::nullopt);
  CHECK(blocks[0].places.size() == 1);
  CHECK(blocks[1].places.empty());
  CHECK(isMainMemory(blocks[1]));
  CHECK_FALSE(isMainMemory(blocks[2]));
  CHECK_FALSE(isMainMemory(blocks[3]));
  // of the machine virt of riscv
  CHECK_FALSE(isMainMemory(blockNamed("riscv_virt_board.mrom", 61440)));
}

TEST_CASE("numbered NUMA nodes that together are the machine's RAM lie one after another") {
  std::vector<RamBlock> blocks;
  blocks.push_back(blockNamed("ram-node1", 3 * kGiB));
  blocks.push_back(blockNamed("dimm0", 2 * kGiB));
  blocks.push_back(blockNamed("ram-node0", kGiB));
  blocks.push_back(blockNamed("pc.bios", 65536));
  const CmosRam cmos{2 * kGiB, 2 * kGiB};
  placeBlocks(blocks, "pc-q35-10.0", "", cmos);
  REQUIRE(blocks[2].places.size() == 1);
  CHECK(blocks[2].places[0].address == 0);
  REQUIRE(blocks[0].places.size() == 2);
  CHECK(blocks[0].places[0].address == kGiB);
  CHECK(blocks[0].places[0].length == kGiB);
  CHECK(blocks[0].places[1].address == 4 * kGiB);
  CHECK(blocks[0].places[1].blockOffset == kGiB);
  CHECK(blocks[0].places[1].length == 2 * kGiB);
  CHECK(blocks[1].places.empty());
}

TEST_CASE("NUMA nodes have no address where their order or number is in doubt") {
  const auto placed = [](std::initializer_list<const char*> names, std::optional<CmosRam> cmos) {
    std::vector<RamBlock> blocks;
    for (const char* name : names) blocks.push_back(blockNamed(name, kGiB));
    placeBlocks(blocks, "pc-q35-10.0", "", cmos);
    return std::any_of(blocks.begin(), blocks.end(),
                       [](const RamBlock& block) { return !block.places.empty(); });
  };
  const CmosRam two{2 * kGiB, 0};
  CHECK(placed({"m0", "m1"}, two));
  CHECK(placed({"/objects/m0", "/objects/m1"}, two));
  CHECK_FALSE(placed({"m0", "m1"}, std::nullopt));
  CHECK_FALSE(placed({"m1", "m2"}, two));
  CHECK_FALSE(placed({"a", "b"}, two));
  CHECK_FALSE(placed({"m0", "m1", "m2"}, two));
  CHECK_FALSE(placed({"m0", "m1", "n0", "n1"}, two));
}

TEST_CASE("the user's own places of blocks follow each other, and must fit") {
  std::vector<RamBlock> blocks;
  blocks.push_back(blockNamed("node", 8 * kMiB));
  const std::vector<NamedPlace> pieces{
      {"node", kMiB, 2 * kMiB}, {"other", 0, 0}, {"node", 16 * kMiB, 0}};
  CHECK(placeNamed(blocks, pieces).empty());
  REQUIRE(blocks[0].places.size() == 2);
  CHECK(blocks[0].places[0].address == kMiB);
  CHECK(blocks[0].places[1].address == 16 * kMiB);
  CHECK(blocks[0].places[1].blockOffset == 2 * kMiB);
  CHECK(blocks[0].places[1].length == 6 * kMiB);
  CHECK_FALSE(placeNamed(blocks, {{"node", 0, 9 * kMiB}}).empty());
  CHECK_FALSE(placeNamed(blocks, {{"node", 100, 0}}).empty());
  CHECK_FALSE(placeNamed(blocks, {{"node", 0, 0}, {"node", kMiB, 0}}).empty());
}

TEST_CASE("a range of guest addresses is cut at the blocks' places") {
  RamImage image;
  image.blocks.push_back(blockNamed("pc.ram", 6 * kGiB));
  placeBlocks(image.blocks, "pc", "", std::nullopt);
  const auto across = piecesOf(image, std::nullopt, 4 * kGiB, 5 * kGiB);
  REQUIRE(across.ok());
  CHECK(across.value[0].blockOffset == 3 * kGiB);
  const auto hole = piecesOf(image, std::nullopt, 2 * kGiB, 5 * kGiB);
  CHECK(hole.status.fault == Fault::outOfRange);
  CHECK(hole.status.address == 3 * kGiB);
  CHECK(piecesOf(image, 0, 0, 6 * kGiB).value.size() == 1);
  CHECK(piecesOf(image, 0, 0, 6 * kGiB + 1).status.address == 6 * kGiB);
  CHECK(piecesOf(image, 1, 0, 1).status.fault == Fault::badArgument);
}

TEST_CASE("places of the user's own replace those of main RAM, if they fit") {
  std::vector<RamBlock> blocks;
  blocks.push_back(blockNamed("/rom@etc/acpi/tables", 65536));
  blocks.push_back(blockNamed("pc.ram", 8 * kMiB));
  CHECK(placeMain(blocks, {{0x1000, 0, 8 * kMiB}}));
  CHECK(blocks[1].places[0].address == 0x1000);
  CHECK_FALSE(placeMain(blocks, {{0x1000, 0, 9 * kMiB}}));
  CHECK_FALSE(placeMain(blocks, {{~std::uint64_t{0}, 0, 4096}}));
}

}  // namespace
}  // namespace drover
