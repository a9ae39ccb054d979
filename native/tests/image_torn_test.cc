// The page that its writer was at when the guest was stopped, and what only looks like it.
#include <doctest/doctest.h>

#include "tests/image_verdicts.h"

namespace drover {
namespace {

using test::Bytes;
using test::check;
using test::kEdge;
using test::kGeneration;
using test::kPages;
using test::kTestPage;
using test::only;
using test::pageOf;
using test::sound;

// A page that its writer has partly written: word 1 and the words up to `end` of the next
// generation, the rest and word 0 still of `old`.
void beginPage(Bytes& memory, std::size_t page, std::uint64_t old, std::size_t end) {
  const std::uint64_t address = page * kTestPage;
  if (old == 0) {
    std::fill_n(pageOf(memory, page), kTestPage, std::uint8_t{0});
  } else {
    test::stampPage(pageOf(memory, page), address, old, kTestPage);
  }
  test::stampPage(pageOf(memory, page), address, old + 1, end, 8);
}

TEST_CASE("the page under writing at the edge is no damage, wherever its writer was stopped") {
  for (const std::size_t torn : {std::size_t{0}, kEdge, kPages - 1}) {
    for (const std::size_t end : {std::size_t{24}, std::size_t{1000}, kTestPage}) {
      Bytes memory = test::stampedMemory(kPages, torn, kGeneration);
      beginPage(memory, torn, kGeneration - 1, end);
      const SliceVerdict verdict = check(memory, StampLevel::page);
      CAPTURE(torn);
      CAPTURE(end);
      CHECK(verdict.damagedPages == 0);
      CHECK(verdict.beingWritten == torn * kTestPage);
      // Word 0 decides: before the first page was finished all are of the old generation.
      CHECK(verdict.generation == (torn == 0 ? kGeneration - 1 : kGeneration));
      CHECK(verdict.edge.value_or(0) == torn * kTestPage);
      CHECK(check(memory, StampLevel::byte).edge == verdict.edge);
      CHECK(check(memory, StampLevel::wide).damagedPages == 0);
    }
  }
}

TEST_CASE("in the first generation a page is written over zeroes") {
  for (const std::size_t end : {std::size_t{16}, std::size_t{800}, kTestPage}) {
    Bytes memory(kPages * kTestPage);
    for (std::size_t i = 0; i < kEdge; ++i) {
      test::stampPage(pageOf(memory, i), i * kTestPage, 1, kTestPage);
    }
    beginPage(memory, kEdge, 0, end);
    const SliceVerdict verdict = check(memory, StampLevel::page);
    CAPTURE(end);
    CHECK(verdict.damagedPages == 0);
    CHECK(verdict.beingWritten == kEdge * kTestPage);
    CHECK(verdict.generation == 1);
    CHECK(check(memory, StampLevel::wide).damagedPages == 0);
  }
}

TEST_CASE("a slice of one page may be under writing") {
  Bytes memory(kTestPage);
  beginPage(memory, 0, 41, 512);
  const SliceVerdict verdict = check(memory, StampLevel::page);
  CHECK(verdict.damagedPages == 0);
  CHECK(verdict.generation == 41);
  CHECK(verdict.beingWritten == 0);
}

TEST_CASE("only one page may be under writing, and only at the edge") {
  Bytes memory = sound();
  for (const std::size_t page : {kEdge - 9, kEdge, kEdge + 1}) {
    beginPage(memory, page, kGeneration - 1, 512);
  }
  const SliceVerdict verdict = check(memory, StampLevel::page);
  CHECK(verdict.beingWritten == kEdge * kTestPage);
  CHECK(verdict.damagedPages == 2);
  REQUIRE(verdict.damage.size() == 2);
  CHECK(verdict.damage[0].address == (kEdge - 9) * kTestPage);
  CHECK(verdict.damage[1].address == (kEdge + 1) * kTestPage);
  for (const PageDamage& damage : verdict.damage) CHECK(damage.kind == DamageKind::partlyWritten);
}

TEST_CASE("a page at the edge that is mixed in any other way is damage") {
  const std::uint64_t address = kEdge * kTestPage;
  // New up to a word but for word 0 of the generation before the last; new from a word on; the
  // address missing; two generations apart.
  for (int shape = 0; shape < 4; ++shape) {
    Bytes memory = sound();
    std::uint8_t* const page = pageOf(memory, kEdge);
    if (shape == 0) {
      beginPage(memory, kEdge, kGeneration - 1, 512);
      const std::uint64_t older = kGeneration - 2;
      std::memcpy(page, &older, 8);
    } else if (shape == 1) {
      test::stampPage(page, address, kGeneration, kTestPage, 2048);
    } else if (shape == 2) {
      beginPage(memory, kEdge, kGeneration - 1, 512);
      std::fill_n(page + 8, 8, std::uint8_t{0});
    } else {
      test::stampPage(page, address, kGeneration + 1, 512, 8);
    }
    const SliceVerdict verdict = check(memory, StampLevel::page);
    CAPTURE(shape);
    CHECK_FALSE(verdict.beingWritten.has_value());
    CHECK(verdict.damagedPages == 1);
    CHECK(only(verdict).address == address);
  }
}

TEST_CASE("a page being written is recognised behind a damaged one at the edge") {
  for (const int shape : {0, 1, 2}) {
    Bytes memory = sound();
    std::uint8_t* const page = pageOf(memory, kEdge);
    if (shape == 0) page[2000] ^= 4;
    if (shape == 1) test::stampPage(page, kEdge * kTestPage, kGeneration - 7, kTestPage);
    if (shape == 2) std::fill_n(page, kTestPage, std::uint8_t{0});
    beginPage(memory, kEdge + 1, kGeneration - 1, 512);
    const SliceVerdict verdict = check(memory, StampLevel::page);
    CAPTURE(shape);
    CHECK(verdict.beingWritten == (kEdge + 1) * kTestPage);
    CHECK(verdict.damagedPages == 1);
    CHECK(only(verdict).address == kEdge * kTestPage);
  }
}

}  // namespace
}  // namespace drover
