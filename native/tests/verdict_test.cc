#include <doctest/doctest.h>

#include <algorithm>

#include "core/checks/byte_verdict.h"
#include "tests/random.h"
#include "tests/stamps.h"

using namespace drover;
using test::soundStamps;
using test::Stamps;

namespace {

// With a step of 1 a page's address is its number.
SliceVerdict verdictOn(const Stamps& stamps, std::size_t limit = 100'000) {
  const CancelFlag never;
  const StampRuns runs = test::runsOf(stamps);
  Result<SliceVerdict> verdict = byteVerdict(runs, {0, stamps.size(), 1}, limit, never);
  REQUIRE(verdict.ok());
  return verdict.value;
}

std::uint64_t explainedBy(const Stamps& stamps, std::uint8_t generation, std::size_t cut) {
  std::uint64_t explained = 0;
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    const auto expected = static_cast<std::uint8_t>(i < cut ? generation : generation - 1);
    explained += stamps[i] == expected ? 1U : 0U;
  }
  return explained;
}

// Every generation with every cut.
std::uint64_t mostExplained(const Stamps& stamps) {
  std::uint64_t most = 0;
  for (int generation = 0; generation < 256; ++generation) {
    for (std::size_t cut = 0; cut <= stamps.size(); ++cut) {
      most = std::max(most, explainedBy(stamps, static_cast<std::uint8_t>(generation), cut));
    }
  }
  return most;
}

void checkDamage(const PageDamage& run, std::uint64_t firstPage, std::uint64_t pages,
                 unsigned expected, unsigned found) {
  CHECK(run.address == firstPage);
  CHECK(run.pages == pages);
  CHECK(run.expected == expected);
  CHECK(run.found == found);
}

}  // namespace

TEST_CASE("sound memory has no damage, wherever the edge is") {
  for (const std::size_t edge : {std::size_t{1}, std::size_t{7}, std::size_t{99}}) {
    const SliceVerdict verdict = verdictOn(soundStamps(100, edge, 42));
    CHECK(verdict.damagedPages == 0);
    CHECK(verdict.generation == 42);
    CHECK(verdict.edge == edge);
  }
}

TEST_CASE("equal pages have no edge") {
  for (const std::size_t pages : {std::size_t{1}, std::size_t{2}, std::size_t{100}}) {
    const SliceVerdict verdict = verdictOn(Stamps(pages, 42));
    CHECK(verdict.damagedPages == 0);
    CHECK(verdict.generation == 42);
    CHECK_FALSE(verdict.edge.has_value());
  }
}

TEST_CASE("generations wrap around from 255 to 0") {
  const SliceVerdict verdict = verdictOn(soundStamps(100, 30, 0));
  CHECK(verdict.damagedPages == 0);
  CHECK(verdict.generation == 0);
  CHECK(verdict.edge == 30);
}

TEST_CASE("one page stale by one before the edge is named alone") {
  Stamps stamps = soundStamps(1000, 600, 27);
  stamps[123] = 26;
  const SliceVerdict verdict = verdictOn(stamps);
  CHECK(verdict.edge == 600);
  REQUIRE(verdict.damage.size() == 1);
  checkDamage(verdict.damage[0], 123, 1, 27, 26);
}

TEST_CASE("one page stale by one after the edge is named alone") {
  Stamps stamps = soundStamps(1000, 600, 27);
  stamps[999] = 25;
  stamps[700] = 25;
  const SliceVerdict verdict = verdictOn(stamps);
  CHECK(verdict.damagedPages == 2);
  REQUIRE(verdict.damage.size() == 2);
  checkDamage(verdict.damage[0], 700, 1, 26, 25);
  checkDamage(verdict.damage[1], 999, 1, 26, 25);
}

TEST_CASE("a stale first page and a stale last page are named") {
  Stamps stamps = soundStamps(1000, 600, 27);
  stamps[0] = 26;
  stamps[999] = 25;
  const SliceVerdict verdict = verdictOn(stamps);
  CHECK(verdict.generation == 27);
  CHECK(verdict.edge == 600);
  REQUIRE(verdict.damage.size() == 2);
  checkDamage(verdict.damage[0], 0, 1, 27, 26);
  checkDamage(verdict.damage[1], 999, 1, 26, 25);
}

TEST_CASE("two swapped ranges across the edge are named, and the edge stays") {
  Stamps stamps = soundStamps(1000, 600, 27);
  std::swap_ranges(stamps.begin() + 100, stamps.begin() + 150, stamps.begin() + 800);
  const SliceVerdict verdict = verdictOn(stamps);
  CHECK(verdict.edge == 600);
  REQUIRE(verdict.damage.size() == 2);
  checkDamage(verdict.damage[0], 100, 50, 27, 26);
  checkDamage(verdict.damage[1], 800, 50, 26, 27);
}

TEST_CASE("4939 scattered pages are all named") {
  test::Random random(3);
  Stamps stamps = soundStamps(25344, 11111, 200);
  std::vector<std::size_t> hurt;
  while (hurt.size() < 4939) {
    const std::size_t page = random.upTo(stamps.size() - 1);
    const auto sound = static_cast<std::uint8_t>(page < 11111 ? 200 : 199);
    if (stamps[page] != sound) continue;
    // By two or more: the page before the edge, stale by one, is a sound page with the edge before
    // it.
    stamps[page] = static_cast<std::uint8_t>(sound - 2 - random.upTo(9));
    hurt.push_back(page);
  }
  std::sort(hurt.begin(), hurt.end());
  const SliceVerdict verdict = verdictOn(stamps);
  CHECK(verdict.damagedPages == 4939);
  CHECK(verdict.damagedRuns == verdict.damage.size());
  std::vector<std::size_t> named;
  for (const PageDamage& run : verdict.damage) {
    for (std::uint64_t i = 0; i < run.pages; ++i) named.push_back(run.address + i);
  }
  CHECK(named == hurt);
}

TEST_CASE("damage of one value that crosses the edge is two runs, for two values were expected") {
  Stamps stamps = soundStamps(100, 50, 9);
  std::fill(stamps.begin() + 40, stamps.begin() + 60, std::uint8_t{77});
  const SliceVerdict verdict = verdictOn(stamps);
  CHECK(verdict.damagedPages == 20);
  // Pages that fit neither side do not show where among them the edge was.
  CHECK(verdict.generation == 9);
  for (const PageDamage& run : verdict.damage) CHECK(run.found == 77);
}

TEST_CASE(
    "of equally good cuts the one with the stale page is taken, not the one with a page ahead") {
  // Either page 3 is stale, or page 4 was written too early.
  const SliceVerdict verdict = verdictOn({5, 5, 5, 4, 5, 4, 4, 4});
  CHECK(verdict.edge == 5);
  REQUIRE(verdict.damage.size() == 1);
  checkDamage(verdict.damage[0], 3, 1, 5, 4);
}

TEST_CASE("damage behind the last page that fits does not make an edge") {
  Stamps stamps(100, 27);
  std::fill(stamps.end() - 3, stamps.end(), std::uint8_t{9});
  const SliceVerdict verdict = verdictOn(stamps);
  CHECK_FALSE(verdict.edge.has_value());
  REQUIRE(verdict.damage.size() == 1);
  checkDamage(verdict.damage[0], 97, 3, 27, 9);
}

TEST_CASE("the list is capped, the totals are true") {
  Stamps stamps(1000, 27);
  for (std::size_t i = 0; i < 1000; i += 4) stamps[i] = 99;
  const SliceVerdict verdict = verdictOn(stamps, 10);
  CHECK(verdict.damage.size() == 10);
  CHECK(verdict.damagedRuns == 250);
  CHECK(verdict.damagedPages == 250);
  CHECK(verdictOn(stamps, 0).damagedRuns == 250);
}

TEST_CASE("no cut explains more pages than the verdict's") {
  test::Random random(4);
  for (int round = 0; round < 400; ++round) {
    // Few values round the wrap-around make many near misses.
    const std::size_t pages = 1 + random.upTo(40);
    const std::uint64_t values = 1 + random.upTo(4);
    Stamps stamps(pages);
    for (auto& stamp : stamps) stamp = static_cast<std::uint8_t>(254 + random.upTo(values));
    const SliceVerdict verdict = verdictOn(stamps);
    const std::uint64_t most = mostExplained(stamps);
    CAPTURE(round);
    REQUIRE(verdict.damagedPages == pages - most);
    REQUIRE(explainedBy(stamps, verdict.generation, verdict.edge.value_or(pages)) == most);
    std::uint64_t listed = 0;
    for (const PageDamage& run : verdict.damage) {
      listed += run.pages;
      for (std::uint64_t i = 0; i < run.pages; ++i) REQUIRE(stamps[run.address + i] == run.found);
      REQUIRE(run.expected != run.found);
    }
    REQUIRE(listed == verdict.damagedPages);
  }
}

TEST_CASE("a cancelled verdict says so") {
  CancelFlag cancel;
  cancel.set();
  CHECK(byteVerdict(test::runsOf({1, 2}), {0, 2, 1}, 1, cancel).status.fault == Fault::cancelled);
}
