#include "core/ram/upstream_rule.h"

#include <doctest/doctest.h>

#include <cinttypes>
#include <cstdio>

#include "tests/random.h"
#include "tests/stamps.h"

using namespace drover;
using test::Stamps;

namespace {

constexpr std::uint64_t kStart = 0x100000;
constexpr std::uint64_t kStep = 4096;

std::vector<std::string> linesFor(const Stamps& stamps) {
  const CancelFlag never;
  return upstreamLines(test::runsOf(stamps), kStart, kStep, never).value;
}

// The rule in its plain form: a walk over bytes.
std::vector<std::string> naiveLines(const Stamps& stamps) {
  std::vector<std::string> lines;
  const unsigned first = stamps[0];
  unsigned last = first;
  bool edge = false;
  std::size_t bad = 0;
  for (std::size_t i = 1; i < stamps.size(); ++i) {
    const unsigned current = stamps[i];
    if (current == last) continue;
    if ((current + 1) % 256 == last && !edge) {
      edge = true;
      last = current;
      continue;
    }
    if (++bad > 10) continue;
    char text[200];
    std::snprintf(text, sizeof text,
                  "Memory content inconsistency at %" PRIx64
                  " first_byte = %x last_byte = %x current = %x hit_edge = %x",
                  kStart + i * kStep, first, last, current, edge ? 1U : 0U);
    lines.emplace_back(text);
  }
  if (bad > 10) lines.push_back("and in another " + std::to_string(bad - 10) + " pages");
  return lines;
}

}  // namespace

TEST_CASE("a line reads as upstream's does") {
  Stamps stamps = test::soundStamps(0xd53 - 0x100 + 10, 0xd53 - 0x100 - 1, 0x27);
  stamps[0xd53 - 0x100] = 0x27;
  const auto lines = linesFor(stamps);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] ==
        "Memory content inconsistency at d53000 first_byte = 27 last_byte = 26 current = 27"
        " hit_edge = 1");
}

TEST_CASE("sound memory gives no line, with and without an edge, also across the wrap-around") {
  CHECK(linesFor(Stamps(100, 5)).empty());
  CHECK(linesFor(test::soundStamps(100, 40, 5)).empty());
  CHECK(linesFor(test::soundStamps(100, 40, 0)).empty());
}

TEST_CASE("ten bad pages have ten lines, eleven have one more line that counts") {
  Stamps stamps(100, 5);
  std::fill(stamps.begin() + 20, stamps.begin() + 30, std::uint8_t{9});
  CHECK(linesFor(stamps).size() == 10);
  stamps[30] = 9;
  REQUIRE(linesFor(stamps).size() == 11);
  CHECK(linesFor(stamps).back() == "and in another 1 pages");
}

TEST_CASE("the rule on runs equals the rule on bytes") {
  test::Random random(5);
  for (int round = 0; round < 1000; ++round) {
    Stamps stamps(1 + random.upTo(60));
    const std::uint64_t values = 1 + random.upTo(4);
    for (auto& stamp : stamps) stamp = static_cast<std::uint8_t>(254 + random.upTo(values));
    CAPTURE(round);
    REQUIRE(linesFor(stamps) == naiveLines(stamps));
  }
}
