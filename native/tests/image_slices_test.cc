// Checks as a whole: several slices, caps, refusals, kernels and threads. What is said of single
// pages is in image_check_test.cc.
#include <doctest/doctest.h>

#include "core/checks/image_check.h"
#include "tests/image_files.h"
#include "tests/random.h"

namespace drover {
namespace {

using test::Bytes;
using test::kTestPage;

constexpr std::size_t kPages = 64;
constexpr std::size_t kEdge = 20;
constexpr std::uint64_t kGeneration = 300;

Bytes sound() {
  return test::stampedMemory(kPages, kEdge, kGeneration);
}
std::uint8_t* pageOf(Bytes& memory, std::size_t index) {
  return &memory[index * kTestPage];
}

TEST_CASE("each writer's slice has an edge and a generation of its own") {
  Bytes memory = test::stampedMemory(32, 10, 50);
  const Bytes second = test::stampedMemory(64, 40, 70);
  memory.insert(memory.end(), second.begin() + 32 * kTestPage, second.end());
  const OpenedImage opened = test::openRawBytes(memory);
  ImageCheckRequest request;
  request.level = StampLevel::page;
  request.slices = {{0, 32 * kTestPage}, {32 * kTestPage, 64 * kTestPage}};
  request.threads = 3;
  Progress progress;
  const CancelFlag never;
  const auto verdicts = checkImage(opened.image, request, progress, never);
  REQUIRE(verdicts.ok());
  CHECK(verdicts.value[0].damagedPages + verdicts.value[1].damagedPages == 0);
  CHECK(verdicts.value[0].generation == 50);
  CHECK(verdicts.value[0].edge == 10 * kTestPage);
  CHECK(verdicts.value[1].generation == 70);
  CHECK(verdicts.value[1].edge == 40 * kTestPage);
}

// Memory in two pieces, as on a PC: 16 pages below the hole, 48 behind it, in one file.
TEST_CASE("a slice across a hole is one slice, wherever its edge is") {
  constexpr std::uint64_t kHoleStart = 16 * kTestPage;
  constexpr std::uint64_t kHoleEnd = std::uint64_t{1} << 32;
  const auto addressOf = [](std::size_t page) {
    return page < 16 ? page * kTestPage : kHoleEnd + (page - 16) * kTestPage;
  };
  for (const std::size_t edge : {std::size_t{5}, std::size_t{16}, std::size_t{40}}) {
    Bytes memory(kPages * kTestPage);
    for (std::size_t page = 0; page < kPages; ++page) {
      test::stampPage(pageOf(memory, page), addressOf(page),
                      page < edge ? kGeneration : kGeneration - 1, kTestPage);
    }
    pageOf(memory, 50)[77] ^= 8;
    std::swap_ranges(pageOf(memory, 3), pageOf(memory, 4), pageOf(memory, 60));
    OpenOptions options;
    options.format = Format::raw;
    options.places = {{0, 0, kHoleStart}, {kHoleEnd, kHoleStart, 48 * kTestPage}};
    const OpenedImage opened = test::openBytes(memory, options);
    ImageCheckRequest request;
    request.slices = {{0, addressOf(63) + kTestPage, kHoleStart, kHoleEnd}};
    request.mapCells = 8;
    Progress progress;
    const CancelFlag never;
    CAPTURE(edge);
    for (const StampLevel level : {StampLevel::byte, StampLevel::wide, StampLevel::page}) {
      request.level = level;
      const auto verdicts = checkImage(opened.image, request, progress, never);
      REQUIRE(verdicts.ok());
      const SliceVerdict& verdict = verdicts.value[0];
      CHECK(verdict.pages == kPages);
      CHECK(verdict.edge == addressOf(edge));
      if (level == StampLevel::byte) continue;
      CHECK(verdict.pagesByKind[static_cast<std::size_t>(DamageKind::misplaced)] == 2);
      if (level == StampLevel::wide) continue;
      REQUIRE(verdict.damage.size() == 3);
      CHECK(verdict.damage[0].from == addressOf(60));
      CHECK(verdict.damage[1].address == addressOf(50));
      CHECK(verdict.damage[1].kind == DamageKind::flipped);
      CHECK(verdict.map[0].damaged + verdict.map[6].damaged + verdict.map[7].damaged == 3);
    }
    request.slices = {{0, 8 * kTestPage, kHoleStart, kHoleEnd}};
    CHECK(checkImage(opened.image, request, progress, never).status.fault == Fault::badArgument);
    request.slices = {{0, addressOf(63) + kTestPage}};
    const auto without = checkImage(opened.image, request, progress, never);
    CHECK(without.status.fault == Fault::outOfRange);
    CHECK(without.status.address == kHoleStart);
  }
}

TEST_CASE("stamps that lie further apart than they are long are checked alone") {
  constexpr std::size_t kStep = 16 * kTestPage;
  Bytes memory(8 * kStep, 0x5a);
  for (std::size_t i = 0; i < 8; ++i) {
    test::stampPage(&memory[i * kStep], i * kStep, i < 3 ? kGeneration : kGeneration - 1,
                    kTestPage);
  }
  memory[5 * kStep + 4000] ^= 1;
  const OpenedImage opened = test::openRawBytes(memory);
  ImageCheckRequest request;
  request.level = StampLevel::page;
  request.slices = {{0, memory.size()}};
  request.step = kStep;
  Progress progress;
  const CancelFlag never;
  for (const VerifyKernel& kernel : verifyKernels()) {
    request.verify = &kernel;
    const SliceVerdict verdict = checkImage(opened.image, request, progress, never).value[0];
    CHECK(verdict.pages == 8);
    CHECK(verdict.edge == 3 * kStep);
    REQUIRE(verdict.damage.size() == 1);
    CHECK(verdict.damage[0].address == 5 * kStep);
    CHECK(verdict.damage[0].byteOffset == 4000);
  }
}

TEST_CASE("lists are capped and totals are true, in the map too") {
  Bytes memory = sound();
  for (std::size_t page = 1; page < kPages; page += 2) pageOf(memory, page)[100] ^= 1;
  const OpenedImage opened = test::openRawBytes(memory);
  ImageCheckRequest request;
  request.level = StampLevel::page;
  request.slices = {{0, memory.size()}};
  request.damageLimit = 3;
  request.mapCells = 8;
  Progress progress;
  const CancelFlag never;
  const SliceVerdict verdict = checkImage(opened.image, request, progress, never).value[0];
  CHECK(verdict.damage.size() == 3);
  CHECK(verdict.damagedRuns == kPages / 2);
  CHECK(verdict.damagedPages == kPages / 2);
  REQUIRE(verdict.map.size() == 8);
  for (const PageCell& cell : verdict.map) {
    CHECK(cell.damaged == 4);
    CHECK(cell.data == 4);
    CHECK(cell.absent + cell.zero == 0);
  }
}

TEST_CASE("a slice beyond the memory, a cancelled check and wrong steps are refused") {
  const OpenedImage opened = test::openRawBytes(sound());
  ImageCheckRequest request;
  request.slices = {{0, (kPages + 1) * kTestPage}};
  Progress progress;
  CancelFlag cancel;
  auto result = checkImage(opened.image, request, progress, cancel);
  CHECK(result.status.fault == Fault::outOfRange);
  CHECK(result.status.address == kPages * kTestPage);
  request.slices = {{0, kPages * kTestPage}};
  request.step = 0;
  CHECK(checkImage(opened.image, request, progress, cancel).status.fault == Fault::badArgument);
  request.level = StampLevel::page;
  request.step = 4000;
  CHECK(checkImage(opened.image, request, progress, cancel).status.fault == Fault::badArgument);
  request.step = 4096;
  cancel.set();
  CHECK(checkImage(opened.image, request, progress, cancel).status.fault == Fault::cancelled);
}

TEST_CASE("results are the same through every kernel and with several threads") {
  test::Random random(23);
  Bytes memory = test::stampedMemory(kPages, kEdge, kGeneration);
  for (int i = 0; i < 6; ++i) memory[random.upTo(memory.size() - 1)] ^= 0x40;
  const OpenedImage opened = test::openRawBytes(memory);
  ImageCheckRequest request;
  request.level = StampLevel::page;
  request.slices = {{0, memory.size()}};
  Progress progress;
  const CancelFlag never;
  request.verify = findVerifyKernel("serial");
  const SliceVerdict truth = checkImage(opened.image, request, progress, never).value[0];
  request.threads = 2;
  for (const VerifyKernel& kernel : verifyKernels()) {
    request.verify = &kernel;
    const SliceVerdict found = checkImage(opened.image, request, progress, never).value[0];
    CHECK(found.damagedPages == truth.damagedPages);
    CHECK(found.pagesByKind == truth.pagesByKind);
    REQUIRE(found.damage.size() == truth.damage.size());
    for (std::size_t i = 0; i < found.damage.size(); ++i) {
      CHECK(found.damage[i].address == truth.damage[i].address);
      CHECK(found.damage[i].kind == truth.damage[i].kind);
      CHECK(found.damage[i].byteOffset == truth.damage[i].byteOffset);
    }
  }
}

}  // namespace
}  // namespace drover
