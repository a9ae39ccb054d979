// Stamps for tests: what a guest leaves, and the way from bytes to runs.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ram/scan.h"
#include "core/ram/stamps_source.h"

namespace drover::test {

using Stamps = std::vector<std::uint8_t>;

// `edge` pages of a generation, then pages of the one before.
inline Stamps soundStamps(std::size_t pages, std::size_t edge, std::uint8_t generation) {
  Stamps stamps(pages, static_cast<std::uint8_t>(generation - 1));
  for (std::size_t i = 0; i < edge; ++i) stamps[i] = generation;
  return stamps;
}

inline StampRuns runsOf(const Stamps& stamps) {
  const CancelFlag never;
  const StampsSource source(stamps, 0, 1);
  return std::move(scanStamps(source, {0, stamps.size(), 1}, defaultKernel(), 1, never).value);
}

}  // namespace drover::test
