#include <doctest/doctest.h>

#include "tests/dump_files.h"
#include "tests/random.h"

namespace drover {
namespace {

using test::Bytes;
using test::kTestPage;

Bytes randomPages(test::Random& random, std::size_t pages) {
  Bytes bytes(pages * kTestPage);
  for (std::uint8_t& byte : bytes) byte = random.byte();
  return bytes;
}

TEST_CASE("a Windows crash dump of either class gives back its runs") {
  test::Random random(51);
  for (const bool wide : {true, false}) {
    const Bytes low = randomPages(random, 3);
    const Bytes high = randomPages(random, 2);
    const OpenedImage opened = test::openBytes(test::winDump({{1, low}, {9, high}}, wide));
    REQUIRE(opened.error.reason == "");
    CHECK(opened.format == Format::winDump);
    const RamBlock& block = opened.image.blocks[0];
    CHECK(block.length == 11 * kTestPage);
    Bytes wanted(11 * kTestPage);
    test::putBytes(wanted, kTestPage, low);
    test::putBytes(wanted, 9 * kTestPage, high);
    CHECK(test::contentOf(opened, 11 * kTestPage) == wanted);
    CHECK(block.table->runAt(0).kind == PageKind::absent);
    CHECK(block.table->runAt(1).kind == PageKind::stored);
    CHECK(block.table->runAt(1).pages == 3);
    CHECK(block.table->runAt(4).kind == PageKind::absent);
    REQUIRE(block.places.size() == 2);
    CHECK(block.places[1].address == 9 * kTestPage);
    CHECK(block.places[1].length == 2 * kTestPage);
  }
}

TEST_CASE("runs may come in any order, and must agree where they overlap") {
  const Bytes page(kTestPage, 7);
  Bytes wanted(3 * kTestPage);
  test::putBytes(wanted, 2 * kTestPage, page);
  test::putBytes(wanted, 0, Bytes(kTestPage, 8));
  const OpenedImage opened =
      test::openBytes(test::winDump({{2, page}, {0, Bytes(kTestPage, 8)}, {2, page}}));
  REQUIRE(opened.error.reason == "");
  CHECK(test::contentOf(opened, 3 * kTestPage) == wanted);
  CHECK_FALSE(test::openBytes(test::winDump({{2, page}, {2, Bytes(kTestPage, 8)}})).error.ok());
}

TEST_CASE("a Windows crash dump cut short anywhere is refused") {
  test::Random random(52);
  const Bytes whole = test::winDump({{0, randomPages(random, 1)}, {5, randomPages(random, 2)}});
  OpenOptions options;
  options.format = Format::winDump;
  for (std::size_t length = 0; length < whole.size(); length += 1 + random.upTo(400)) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CAPTURE(length);
    CHECK_FALSE(test::openBytes(cut, options).error.ok());
  }
}

TEST_CASE("absurd headers of a Windows crash dump are refused") {
  const Bytes page(kTestPage, 7);
  for (const bool wide : {true, false}) {
    const std::size_t block = wide ? 0x88 : 0x64;
    const std::size_t run = block + (wide ? 16 : 8);
    const auto with = [&](std::size_t at, std::uint64_t value, std::size_t width) {
      Bytes file = test::winDump({{0, page}}, wide);
      test::putNumber(file, at, value, width);
      return test::openBytes(file).error;
    };
    CHECK(with(block, 1, 4).ok());
    CHECK_FALSE(with(block, 0, 4).ok());
    CHECK_FALSE(with(block, wide ? 43 : 87, 4).ok());
    CHECK_FALSE(with(block, 0x45474150, 4).ok());
    const std::size_t width = wide ? 8 : 4;
    CHECK_FALSE(with(run + width, 2, width).ok());
    CHECK_FALSE(with(run + width, ~std::uint64_t{0}, width).ok());
    if (wide) CHECK_FALSE(with(run, ~std::uint64_t{0}, width).ok());
    CHECK_FALSE(with(run + width, 0, width).ok());
    // A dump that Windows wrote with a bitmap of pages, or of its kernel only.
    const ParseError other = with(wide ? 0xf98 : 0xf88, 5, 4);
    CHECK(other.unsupported);
    CHECK(other.reason.find("type 5") != std::string::npos);
  }
}

}  // namespace
}  // namespace drover
