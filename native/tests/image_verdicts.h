// Stamped memory for tests of checks, and what a check of it says.
#pragma once

#include <doctest/doctest.h>

#include "core/checks/image_check.h"
#include "tests/image_files.h"

namespace drover::test {

constexpr std::size_t kPages = 64;
constexpr std::size_t kEdge = 20;
constexpr std::uint64_t kGeneration = 300;

inline SliceVerdict check(const Bytes& memory, StampLevel level, std::uint32_t mapCells = 0) {
  const OpenedImage opened = openRawBytes(memory);
  ImageCheckRequest request;
  request.level = level;
  request.slices = {{0, memory.size()}};
  request.mapCells = mapCells;
  Progress progress;
  const CancelFlag never;
  const auto verdicts = checkImage(opened.image, request, progress, never);
  REQUIRE(verdicts.ok());
  CHECK(progress.done() == progress.total());
  return verdicts.value[0];
}

inline Bytes sound() {
  return stampedMemory(kPages, kEdge, kGeneration);
}
inline std::uint8_t* pageOf(Bytes& memory, std::size_t index) {
  return &memory[index * kTestPage];
}

// One damaged run, and what was said of it.
inline PageDamage only(const SliceVerdict& verdict) {
  REQUIRE(verdict.damage.size() == 1);
  CHECK(verdict.damagedRuns == 1);
  CHECK(verdict.pagesByKind[static_cast<std::size_t>(verdict.damage[0].kind)] ==
        verdict.damagedPages);
  return verdict.damage[0];
}

}  // namespace drover::test
