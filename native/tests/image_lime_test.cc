#include <doctest/doctest.h>

#include "tests/dump_files.h"
#include "tests/random.h"

namespace drover {
namespace {

using test::Bytes;
using test::kTestPage;

TEST_CASE("a LiME file gives back its ranges, whatever their length") {
  const Bytes low(kTestPage + 100, 1);
  const Bytes high(2 * kTestPage, 2);
  const OpenedImage opened =
      test::openBytes(test::limeFile({{kTestPage, low}, {9 * kTestPage, high}}));
  REQUIRE(opened.error.reason == "");
  CHECK(opened.format == Format::lime);
  const RamBlock& block = opened.image.blocks[0];
  CHECK(block.length == 11 * kTestPage);
  CHECK(block.table->runAt(0).kind == PageKind::absent);
  CHECK(block.table->runAt(1).kind == PageKind::stored);
  // The file holds only a part of page 2.
  CHECK(block.table->runAt(2).kind == PageKind::absent);
  CHECK(block.table->runAt(9).kind == PageKind::stored);
  CHECK(block.table->runAt(9).pages == 2);
  REQUIRE(block.places.size() == 2);
  CHECK(block.places[1].address == 9 * kTestPage);
  Bytes wanted(11 * kTestPage);
  test::putBytes(wanted, kTestPage, Bytes(kTestPage, 1));
  test::putBytes(wanted, 9 * kTestPage, high);
  CHECK(test::contentOf(opened, 11 * kTestPage) == wanted);
}

TEST_CASE("ranges of a LiME file may come in any order, and must agree where they overlap") {
  const Bytes page(kTestPage, 7);
  CHECK(test::openBytes(test::limeFile({{8192, page}, {0, page}, {8192, page}})).error.ok());
  CHECK_FALSE(test::openBytes(test::limeFile({{0, page}, {0, Bytes(kTestPage, 8)}})).error.ok());
}

TEST_CASE("a LiME file cut short is refused, unless a range ends there") {
  test::Random random(53);
  const Bytes page(kTestPage, 7);
  const Bytes whole = test::limeFile({{0, page}, {5 * kTestPage, page}});
  OpenOptions options;
  options.format = Format::lime;
  for (std::size_t length = 0; length < whole.size(); length += 1 + random.upTo(99)) {
    if (length == whole.size() / 2) continue;
    CAPTURE(length);
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK_FALSE(test::openBytes(cut, options).error.ok());
  }
  Bytes longer = whole;
  longer.resize(whole.size() + 32);
  CHECK_FALSE(test::openBytes(longer).error.ok());
}

TEST_CASE("absurd headers of a LiME file are refused") {
  const auto with = [](std::size_t at, std::uint64_t value) {
    Bytes file = test::limeFile({{4096, Bytes(kTestPage, 7)}});
    test::putNumber(file, at, value, at == 4 ? 4 : 8);
    return test::openBytes(file).error;
  };
  CHECK(with(24, 99).ok());
  CHECK(with(4, 2).unsupported);
  CHECK_FALSE(with(8, 1 << 20).ok());
  CHECK_FALSE(with(16, 2 << 20).ok());
  CHECK_FALSE(with(16, ~std::uint64_t{0}).ok());
}

}  // namespace
}  // namespace drover
