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
