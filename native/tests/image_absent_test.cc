#include <doctest/doctest.h>

#include "core/checks/block_pages.h"
#include "tests/dump_files.h"

namespace drover {
namespace {

using test::Bytes;
using test::kTestPage;

TEST_CASE("a page of which an ELF core holds a part is absent") {
  const Bytes some(5000, 7);
  for (const std::uint64_t gap : {1, 100, 4096}) {
    const OpenedImage opened =
        test::openBytes(test::elfCore({{100, some, 5000}, {5100 + gap, some, 5000}}));
    REQUIRE(opened.error.reason == "");
    const RamBlock& block = opened.image.blocks[0];
    CHECK(block.table->runAt(0).kind == PageKind::absent);
    CHECK(block.table->runAt(1).kind == PageKind::absent);
    CHECK(block.table->runAt(block.pages() - 1).kind == PageKind::absent);
    Progress progress;
    const CancelFlag never;
    const auto counted = blockStatistics(opened.image, block, true, progress, never);
    REQUIRE(counted.ok());
    CHECK(counted.value.absent == block.pages());
    CHECK(counted.value.zeroContent == 0);
  }
}

std::vector<std::uint64_t> placesOf(const OpenedImage& opened) {
  std::vector<std::uint64_t> found;
  for (const AddressRange& place : opened.image.blocks[0].places) {
    CHECK(place.address == place.blockOffset);
    found.push_back(place.address / kTestPage);
    found.push_back((place.address + place.length) / kTestPage);
  }
  return found;
}

TEST_CASE("the places of a dump are the memory that it lists, held or not, and no holes") {
  using Pages = std::vector<std::uint64_t>;
  const Bytes page(kTestPage, 7);
  const std::uint64_t four = 4 * kTestPage;
  CHECK(placesOf(test::openBytes(test::elfCore({{8 * kTestPage, page, four}, {0, page, four}}))) ==
        Pages{0, 4, 8, 12});
  CHECK(placesOf(test::openBytes(
            test::elfCore({{four, page, 100 + kTestPage}, {0, page, four}}))) == Pages{0, 6});
  // With paging, what is not listed may be memory.
  CHECK(placesOf(test::openBytes(test::elfCore(
            {{8 * kTestPage, page, four, 1U << 20}, {0, page, four, 0}}))) == Pages{0, 12});
  CHECK(placesOf(test::openBytes(test::elfCore({{8 * kTestPage, page, four, 8 * kTestPage}}))) ==
        Pages{8, 12});
  CHECK(placesOf(test::openBytes(test::kdump(12, {{2, 0, page}, {9, 0, page}}, {3}, false,
                                             {4, 5, 8}))) == Pages{2, 6, 8, 10});
}

TEST_CASE("pages that makedumpfile left out of a kdump are absent, not zero") {
  const Bytes page(kTestPage, 7);
  const OpenedImage opened = test::openBytes(test::kdump(12, {{2, 0, page}}, {3}, false, {4, 5}));
  REQUIRE(opened.error.reason == "");
  const PageTable& table = *opened.image.blocks[0].table;
  CHECK(table.runAt(3).kind == PageKind::zero);
  CHECK(table.runAt(4).kind == PageKind::absent);
}

}  // namespace
}  // namespace drover
