#include <doctest/doctest.h>

#include "tests/random.h"
#include "tests/stamps.h"

using namespace drover;

namespace {

// The runs, page by page.
std::vector<Run> naiveRuns(const test::Stamps& stamps) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    if (i > 0 && stamps[i] == stamps[i - 1]) {
      ++runs.back().pages;
    } else {
      runs.push_back({i, 1, stamps[i]});
    }
  }
  return runs;
}

void checkRuns(const test::Stamps& stamps) {
  const CancelFlag never;
  const std::vector<Run> expected = naiveRuns(stamps);
  const StampRuns held = test::runsOf(stamps);
  std::size_t i = 0;
  REQUIRE(held.forEachRun(never, [&](const Run& run) {
    REQUIRE(i < expected.size());
    REQUIRE(run.firstPage == expected[i].firstPage);
    REQUIRE(run.pages == expected[i].pages);
    REQUIRE(run.value == expected[i].value);
    ++i;
  }));
  CHECK(i == expected.size());
}

}  // namespace

TEST_CASE("runs equal those of a page-by-page walk, from one long run to garbage") {
  test::Random random(2);
  for (int round = 0; round < 60; ++round) {
    const std::size_t pages = 1 + random.upTo(3 * StampRuns::kChunkPages);
    const std::uint64_t longest = std::uint64_t{1} << random.upTo(15);
    test::Stamps stamps(pages);
    for (std::size_t i = 0; i < pages;) {
      const std::uint8_t value = random.byte();
      for (std::uint64_t left = 1 + random.upTo(longest); left > 0 && i < pages; --left) {
        stamps[i++] = value;
      }
    }
    CAPTURE(pages);
    CAPTURE(longest);
    checkRuns(stamps);
  }
}

TEST_CASE("a run that crosses chunks is one run") {
  checkRuns(test::Stamps(3 * StampRuns::kChunkPages + 1, 7));
  checkRuns(test::soundStamps(2 * StampRuns::kChunkPages, StampRuns::kChunkPages, 0));
}

TEST_CASE("garbage is held in about a byte per page, sound memory in far less") {
  const std::size_t pages = 40 * StampRuns::kChunkPages;
  test::Stamps garbage(pages);
  for (std::size_t i = 0; i < pages; ++i) garbage[i] = static_cast<std::uint8_t>(i);
  CHECK(test::runsOf(garbage).heldBytes() < pages + pages / 50);
  CHECK(test::runsOf(test::soundStamps(pages, pages / 2, 3)).heldBytes() < pages / 100);
}

TEST_CASE("a cancelled walk over runs says so") {
  CancelFlag cancel;
  cancel.set();
  CHECK_FALSE(test::runsOf({1, 2}).forEachRun(cancel, [](const Run&) {}));
}
