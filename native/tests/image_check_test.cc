#include "core/checks/image_check.h"

#include <doctest/doctest.h>

#include "tests/image_verdicts.h"
#include "tests/random.h"

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

TEST_CASE("sound memory is clean at every level, with the edge in its place") {
  for (const StampLevel level : {StampLevel::byte, StampLevel::wide, StampLevel::page}) {
    const SliceVerdict verdict = check(sound(), level);
    CHECK(verdict.damagedPages == 0);
    CHECK(verdict.pages == kPages);
    CHECK(verdict.generation == (level == StampLevel::byte ? kGeneration % 256 : kGeneration));
    CHECK(verdict.edge == kEdge * kTestPage);
    CHECK_FALSE(verdict.beingWritten.has_value());
  }
}

TEST_CASE("a page stale by 256 is invisible to level byte and found by the others") {
  Bytes memory = sound();
  test::stampPage(pageOf(memory, 5), 5 * kTestPage, kGeneration - 256, kTestPage);
  CHECK(check(memory, StampLevel::byte).damagedPages == 0);
  for (const StampLevel level : {StampLevel::wide, StampLevel::page}) {
    const PageDamage damage = only(check(memory, level));
    CHECK(damage.kind == DamageKind::stale);
    CHECK(damage.by == 256);
    CHECK(damage.address == 5 * kTestPage);
    CHECK(damage.found == kGeneration - 256);
  }
}

TEST_CASE("stale and ahead pages are distinguished at every level") {
  for (const StampLevel level : {StampLevel::byte, StampLevel::wide, StampLevel::page}) {
    Bytes memory = sound();
    test::stampPage(pageOf(memory, 5), 5 * kTestPage, kGeneration - 3, kTestPage);
    test::stampPage(pageOf(memory, 40), 40 * kTestPage, kGeneration + 1, kTestPage);
    const SliceVerdict verdict = check(memory, level);
    REQUIRE(verdict.damage.size() == 2);
    CHECK(verdict.damage[0].kind == DamageKind::stale);
    CHECK(verdict.damage[0].by == 3);
    CHECK(verdict.damage[1].kind == DamageKind::ahead);
    CHECK(verdict.damage[1].by == 2);
  }
}

TEST_CASE("two swapped pages of one generation are misplaced, each from the other's address") {
  Bytes memory = sound();
  std::swap_ranges(pageOf(memory, 3), pageOf(memory, 4), pageOf(memory, 9));
  CHECK(check(memory, StampLevel::byte).damagedPages == 0);
  for (const StampLevel level : {StampLevel::wide, StampLevel::page}) {
    const SliceVerdict verdict = check(memory, level);
    REQUIRE(verdict.damage.size() == 2);
    CHECK(verdict.damage[0].kind == DamageKind::misplaced);
    CHECK(verdict.damage[0].address == 3 * kTestPage);
    CHECK(verdict.damage[0].from == 9 * kTestPage);
    CHECK(verdict.damage[1].from == 3 * kTestPage);
  }
}

TEST_CASE("pages shifted as a whole are one run") {
  Bytes memory = sound();
  const Bytes before = memory;
  std::copy_n(before.begin() + 10 * kTestPage, 5 * kTestPage, memory.begin() + 30 * kTestPage);
  const PageDamage damage = only(check(memory, StampLevel::page));
  CHECK(damage.kind == DamageKind::misplaced);
  CHECK(damage.pages == 5);
  CHECK(damage.from == 10 * kTestPage);
}

TEST_CASE("a half-copied page is named with the byte where it goes wrong") {
  test::Random random(21);
  for (int turn = 0; turn < 200; ++turn) {
    Bytes memory = sound();
    Bytes old(kTestPage);
    test::stampPage(old.data(), 7 * kTestPage, kGeneration - 1, kTestPage);
    const std::size_t from = 16 + random.upTo(kTestPage - 17);
    std::copy(old.begin() + static_cast<std::ptrdiff_t>(from), old.end(), pageOf(memory, 7) + from);
    const PageDamage damage = only(check(memory, StampLevel::page));
    CAPTURE(from);
    CHECK(damage.kind == DamageKind::partlyWritten);
    // Bytes that are the same in both generations may hide the seam.
    CHECK(damage.byteOffset >= from);
    CHECK(damage.byteOffset < from + 8);
    CHECK(damage.found == kGeneration - 1);
  }
}

TEST_CASE("lost pages are zeroed, not stale by as many generations as there were") {
  for (const StampLevel level : {StampLevel::byte, StampLevel::wide, StampLevel::page}) {
    Bytes memory = sound();
    std::fill_n(pageOf(memory, 30), 3 * kTestPage, std::uint8_t{0});
    const PageDamage damage = only(check(memory, level));
    CHECK(damage.kind == DamageKind::zeroed);
    CHECK(damage.pages == 3);
  }
}

TEST_CASE("a lost page that the guest has counted up since is zeroed, too") {
  Bytes memory = sound();
  std::fill_n(pageOf(memory, 30), kTestPage, std::uint8_t{0});
  *pageOf(memory, 30) = 7;
  CHECK(only(check(memory, StampLevel::wide)).kind == DamageKind::zeroed);
  CHECK(only(check(memory, StampLevel::wide)).found == 7);
}

TEST_CASE("memory that was never stamped is not clean at the levels that know their stamps") {
  for (const StampLevel level : {StampLevel::wide, StampLevel::page}) {
    const SliceVerdict verdict = check(Bytes(8 * kTestPage), level);
    CHECK(verdict.damagedPages == 8);
    CHECK(only(verdict).kind == DamageKind::zeroed);
  }
}

TEST_CASE("most pages lost do not outvote the few that are left") {
  for (const StampLevel level : {StampLevel::wide, StampLevel::page}) {
    Bytes memory = sound();
    std::fill_n(pageOf(memory, 10), 50 * kTestPage, std::uint8_t{0});
    const PageDamage damage = only(check(memory, level));
    CHECK(damage.kind == DamageKind::zeroed);
    CHECK(damage.address == 10 * kTestPage);
    CHECK(damage.pages == 50);
  }
}

TEST_CASE("in the first generation pages that are still zero are not damage") {
  Bytes memory(kPages * kTestPage);
  for (std::size_t i = 0; i < kEdge; ++i) {
    test::stampPage(pageOf(memory, i), i * kTestPage, 1, kTestPage);
  }
  for (const StampLevel level : {StampLevel::wide, StampLevel::page}) {
    const SliceVerdict verdict = check(memory, level);
    CHECK(verdict.damagedPages == 0);
    CHECK(verdict.generation == 1);
    CHECK(verdict.edge == kEdge * kTestPage);
  }
  // And so is the one whose second word alone was written; a first word without it is not.
  test::stampPage(pageOf(memory, kEdge), kEdge * kTestPage, 1, 16, 8);
  CHECK(check(memory, StampLevel::wide).damagedPages == 0);
  test::stampPage(pageOf(memory, kEdge + 1), 0, 1, 8);
  CHECK(only(check(memory, StampLevel::wide)).address == (kEdge + 1) * kTestPage);
}

TEST_CASE("level page names any flipped bit, with its page and its byte") {
  test::Random random(22);
  for (int turn = 0; turn < 1000; ++turn) {
    Bytes memory = sound();
    const std::size_t at = random.upTo(memory.size() - 1);
    const auto bit = static_cast<std::uint8_t>(1U << random.upTo(7));
    memory[at] ^= bit;
    CAPTURE(at);
    CAPTURE(static_cast<int>(bit));
    const SliceVerdict verdict = check(memory, StampLevel::page);
    const PageDamage damage = only(verdict);
    CHECK(damage.kind == DamageKind::flipped);
    CHECK(damage.address == at / kTestPage * kTestPage);
    CHECK(damage.byteOffset == at % kTestPage);
  }
}

TEST_CASE(
    "a flipped bit of word 0 is named on both sides of the edge, and is not two generations") {
  for (const std::size_t page : {kEdge - 1, kEdge}) {
    for (unsigned bit = 1; bit < 64; ++bit) {
      Bytes memory = sound();
      pageOf(memory, page)[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      CAPTURE(page);
      CAPTURE(bit);
      const SliceVerdict verdict = check(memory, StampLevel::page);
      const PageDamage damage = only(verdict);
      CHECK(damage.kind == DamageKind::flipped);
      CHECK(damage.address == page * kTestPage);
      CHECK(damage.byteOffset == bit / 8);
      CHECK(verdict.edge == kEdge * kTestPage);
    }
  }
}

// The one flip that makes sound memory of sound memory: word 0 of the last new page goes back by
// one, which is how its writer had left it one store before.
TEST_CASE("a flip in word 0 just before the edge may be a state that a guest passes through") {
  for (const std::uint64_t generation : {std::uint64_t{300}, std::uint64_t{301}}) {
    Bytes memory = test::stampedMemory(kPages, kEdge, generation);
    pageOf(memory, kEdge - 1)[0] ^= 1;
    const SliceVerdict verdict = check(memory, StampLevel::page);
    if (generation % 2 == 0) {
      CHECK(only(verdict).address == (kEdge - 1) * kTestPage);
    } else {
      CHECK(verdict.damagedPages == 0);
      CHECK(verdict.beingWritten == (kEdge - 1) * kTestPage);
    }
  }
}

}  // namespace
}  // namespace drover
