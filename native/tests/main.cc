// Random tests take their seed from DROVER_TEST_SEED, or the clock, and print it so that a failure
// can be run again.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "core/clock.h"
#include "tests/random.h"

namespace drover::test {

std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* given = std::getenv("DROVER_TEST_SEED");
    return given == nullptr ? monotonicNs() : std::strtoull(given, nullptr, 10);
  }();
  return value;
}

}  // namespace drover::test

int main(int argc, char** argv) {
  std::printf("seed: DROVER_TEST_SEED=%llu\n",
              static_cast<unsigned long long>(drover::test::seed()));
  std::fflush(stdout);
  return doctest::Context(argc, argv).run();
}
