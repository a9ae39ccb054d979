#include <doctest/doctest.h>

#include <map>

#include "core/stream/ram/page_index.h"
#include "tests/random.h"

using namespace drover;

namespace {

// Every page of every run is what was put there, and runs are as long as they can be within a leaf.
void checkAgainst(const std::map<std::uint64_t, PageEntry>& twin, const PageIndex& index,
                  std::uint64_t pages) {
  for (std::uint64_t at = 0; at < pages;) {
    const PageRun run = index.runAt(at);
    REQUIRE(run.pages >= 1);
    REQUIRE(run.pages <= pages - at);
    for (std::uint64_t i = 0; i < run.pages; ++i) {
      const auto found = twin.find(at + i);
      const PageEntry entry = found == twin.end() ? PageEntry{} : found->second;
      REQUIRE(entry.kind() == run.kind);
      if (run.kind == PageKind::fill) REQUIRE(entry.fill() == run.fill);
      if (run.kind == PageKind::stored) {
        REQUIRE(entry.input() == run.input);
        REQUIRE(entry.offset() == run.offset + i * run.stride);
      }
    }
    at += run.pages;
  }
}

}  // namespace

TEST_CASE("runs of an index give back what was put in") {
  test::Random random(41);
  for (int round = 0; round < 20; ++round) {
    const std::uint64_t pages = 1 + random.upTo(5000);
    IndexBudget budget{std::uint64_t{1} << 30U, 0};
    PageIndex index(pages, 4096, &budget);
    std::map<std::uint64_t, PageEntry> twin;
    std::uint64_t offset = random.upTo(1000000);
    for (int step = 0; step < 300; ++step) {
      std::uint64_t page = random.upTo(pages - 1);
      const std::uint64_t kind = random.upTo(3);
      const std::uint64_t stride = 4096 + random.upTo(2) * 8;
      for (std::uint64_t length = random.upTo(100); length > 0 && page < pages; --length, ++page) {
        offset += stride;
        const PageEntry entry = kind == 0 ? PageEntry::zero()
                                : kind == 1
                                    ? PageEntry::filled(static_cast<std::uint8_t>(1 + step % 2))
                                    : PageEntry::stored(kind & 1U, offset);
        std::uint64_t* const cell = index.at(page);
        REQUIRE(cell != nullptr);
        *cell = entry.sentTimes(static_cast<std::uint32_t>(random.upTo(31))).bits();
        twin[page] = entry;
      }
      if (step % 50 == 49) {
        const std::uint64_t first = random.upTo(pages - 1);
        const std::uint64_t count = 1 + random.upTo(pages - first - 1);
        std::uint64_t gone = 0;
        index.discard(first, count, [&](PageEntry) { ++gone; });
        const auto from = twin.lower_bound(first);
        const auto to = twin.lower_bound(first + count);
        REQUIRE(gone == static_cast<std::uint64_t>(std::distance(from, to)));
        twin.erase(from, to);
      }
    }
    index.seal({}, {});
    checkAgainst(twin, index, pages);
  }
}

TEST_CASE("entries keep the largest offset, input and count") {
  const PageEntry entry =
      PageEntry::stored(PageEntry::kInputLimit - 1, PageEntry::kOffsetLimit - 1).sentTimes(31);
  CHECK(entry.kind() == PageKind::stored);
  CHECK(entry.input() == PageEntry::kInputLimit - 1);
  CHECK(entry.offset() == PageEntry::kOffsetLimit - 1);
  CHECK(entry.sent() == 31);
}

TEST_CASE("an index ends at its budget, and discarding gives room back") {
  IndexBudget budget{2 * PageIndex::kLeafPages * 8, 0};
  PageIndex index(std::uint64_t{1} << 40U, 4096, &budget);
  *index.at(0) = PageEntry::zero().bits();
  *index.at(std::uint64_t{1} << 30U) = PageEntry::zero().bits();
  CHECK(index.at(std::uint64_t{1} << 35U) == nullptr);
  index.discard(0, PageIndex::kLeafPages, [](PageEntry) {});
  CHECK(index.at(std::uint64_t{1} << 35U) != nullptr);
}
