// The tests' random numbers: one seed for the whole run.
#pragma once

#include <cstdint>
#include <random>

namespace drover::test {

std::uint64_t seed();

class Random {
 public:
  // `salt` keeps tests apart that share the seed.
  explicit Random(std::uint64_t salt) : engine_(seed() ^ salt) {}
  std::uint64_t upTo(std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(0, most)(engine_);
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(upTo(255)); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace drover::test
