#include <doctest/doctest.h>
#include <sys/stat.h>

#include "core/checks/block_pages.h"
#include "core/checks/extract.h"
#include "core/checks/image_check.h"
#include "core/checks/image_diff.h"
#include "core/checks/read_block.h"
#include "core/image/process_image.h"
#include "tests/dump_files.h"
#include "tests/random.h"

namespace drover {
namespace {

using test::Bytes;
using test::kTestPage;

const CancelFlag never;

// Pages of every kind a dump can have: stored, zero, absent, packed; and the same as plain bytes.
struct Mixed {
  OpenedImage image;
  Bytes content;
  // By page.
  static constexpr std::array<bool, 16> kHeld{true, true, true, false, true, true, true};
};

Mixed mixedImage() {
  test::Random random(41);
  Bytes page(4096);
  for (std::uint8_t& byte : page) byte = random.byte();
  Mixed mixed{test::openBytes(test::kdump(
                  16, {{0, 0, page}, {1, 0, page}, {4, 1, test::zlibPacked(page)}}, {2, 5, 6})),
              Bytes(16 * kTestPage)};
  for (const std::size_t number : {0, 1, 4})
    test::putBytes(mixed.content, number * kTestPage, page);
  return mixed;
}

TEST_CASE("what is read of a block is the plain bytes, over all kinds of pages and any range") {
  const Mixed mixed = mixedImage();
  const RamBlock& block = mixed.image.image.blocks[0];
  test::Random random(42);
  for (int turn = 0; turn < 50; ++turn) {
    const std::uint64_t start = random.upTo(block.length);
    const std::uint64_t end = start + random.upTo(block.length - start);
    Bytes bytes(end - start, 0xee);
    const auto absent = readBlock(mixed.image.image, block, start, bytes, never);
    REQUIRE(absent.ok());
    CHECK(std::equal(bytes.begin(), bytes.end(),
                     mixed.content.begin() + static_cast<std::ptrdiff_t>(start)));
    std::uint64_t wanted = 0;
    for (std::uint64_t at = start; at < end; ++at) wanted += Mixed::kHeld[at / kTestPage] ? 0 : 1;
    CHECK(absent.value == wanted);
  }
  Bytes tooLong(block.length + 1);
  CHECK(readBlock(mixed.image.image, block, 0, tooLong, never).status.fault == Fault::outOfRange);
}

TEST_CASE("pages are counted by kind, and by content when asked") {
  const Mixed mixed = mixedImage();
  const RamBlock& block = mixed.image.image.blocks[0];
  Progress progress;
  const auto counted = blockStatistics(mixed.image.image, block, true, progress, never);
  REQUIRE(counted.ok());
  CHECK(counted.value.pages == 16);
  CHECK(counted.value.stored == 2);
  CHECK(counted.value.zero == 3);
  CHECK(counted.value.packed == 1);
  CHECK(counted.value.absent == 10);
  CHECK(counted.value.zeroContent == 3);
  CHECK(progress.done() == 16);
  const auto map = blockMap(block, 4, never);
  REQUIRE(map.ok());
  REQUIRE(map.value.cells.size() == 4);
  CHECK(map.value.cells[0].data == 2);
  CHECK(map.value.cells[0].zero == 1);
  CHECK(map.value.cells[0].absent == 1);
  CHECK(map.value.cells[3].absent == 4);
}

TEST_CASE("what is extracted reads the same and is as sparse as its content, on any threads") {
  const Mixed mixed = mixedImage();
  const RamBlock& block = mixed.image.image.blocks[0];
  for (const unsigned threads : {1U, 3U}) {
    Descriptor file = Descriptor::own(::memfd_create("drover-test", MFD_CLOEXEC));
    Progress progress;
    const std::vector<CopiedRange> whole{{0, 0, block.length, 0}};
    const auto copied =
        extractRanges(mixed.image.image, whole, block.length, file.get(), threads, progress, never);
    REQUIRE(copied.ok());
    CHECK(copied.value.written == 3 * kTestPage);
    CHECK(copied.value.absent == 10 * kTestPage);
    CHECK(progress.done() == 16);
    Bytes back(block.length);
    REQUIRE(::pread(file.get(), back.data(), back.size(), 0) == static_cast<ssize_t>(back.size()));
    CHECK(back == mixed.content);
    struct stat about {};
    REQUIRE(::fstat(file.get(), &about) == 0);
    CHECK(about.st_blocks * 512 == 3 * kTestPage);
    // A file that holds something is not overwritten.
    CHECK(
        extractRanges(mixed.image.image, whole, block.length, file.get(), threads, progress, never)
            .status.fault == Fault::badArgument);
  }
}

TEST_CASE("ranges of a large block go to their places in the file, in pieces of any length") {
  test::Random random(44);
  Bytes memory = test::stampedMemory(3000, 1700, 9);
  std::fill_n(memory.begin() + 777 * kTestPage, 40 * kTestPage, std::uint8_t{0});
  const OpenedImage opened = test::openRawBytes(memory);
  for (int turn = 0; turn < 10; ++turn) {
    const std::uint64_t cut = random.upTo(memory.size());
    const std::uint64_t gap = random.upTo(100000);
    const std::vector<CopiedRange> ranges{{0, cut, memory.size() - cut, 0},
                                          {0, 0, cut, memory.size() - cut + gap}};
    Bytes wanted(memory.size() + gap);
    std::copy(memory.begin() + static_cast<std::ptrdiff_t>(cut), memory.end(), wanted.begin());
    std::copy_n(memory.begin(), cut, wanted.end() - static_cast<std::ptrdiff_t>(cut));
    Descriptor file = Descriptor::own(::memfd_create("drover-test", MFD_CLOEXEC));
    Progress progress;
    REQUIRE(
        extractRanges(opened.image, ranges, wanted.size(), file.get(), 4, progress, never).ok());
    Bytes back(wanted.size());
    REQUIRE(::pread(file.get(), back.data(), back.size(), 0) == static_cast<ssize_t>(back.size()));
    CHECK(back == wanted);
  }
  Descriptor file = Descriptor::own(::memfd_create("drover-test", MFD_CLOEXEC));
  Progress progress;
  const std::vector<CopiedRange> beyond{{0, kTestPage, memory.size(), 0}};
  CHECK(extractRanges(opened.image, beyond, memory.size(), file.get(), 1, progress, never)
            .status.fault == Fault::badArgument);
}

TEST_CASE("held ranges are all that is not absent") {
  const Mixed mixed = mixedImage();
  const RamBlock& block = mixed.image.image.blocks[0];
  const auto held = heldRanges(block, 0, block.length, never);
  REQUIRE(held.ok());
  REQUIRE(held.value.size() == 2);
  CHECK(held.value[0].start == 0);
  CHECK(held.value[0].end == 3 * kTestPage);
  CHECK(held.value[1].start == 4 * kTestPage);
  CHECK(held.value[1].end == 7 * kTestPage);
  const auto part = heldRanges(block, kTestPage, 5 * kTestPage, never);
  REQUIRE(part.value.size() == 2);
  CHECK(part.value[0].start == kTestPage);
  CHECK(part.value[1].end == 5 * kTestPage);
  CHECK(heldRanges(block, 0, block.length + 1, never).status.fault == Fault::outOfRange);
}

TEST_CASE("stored ranges say where in the file a page's bytes lie") {
  const Mixed mixed = mixedImage();
  const RamImage& image = mixed.image.image;
  const RamBlock& block = image.blocks[0];
  const auto stored = storedRanges(block, 0, block.length, never);
  REQUIRE((stored.ok() && !stored.value.empty()));
  for (const StoredRange& range : stored.value) {
    Bytes inFile(range.length);
    Bytes inBlock(range.length);
    REQUIRE(image.inputs[range.input].read(range.fileOffset, inFile).ok());
    REQUIRE(image.read(block, range.start, inBlock).ok());
    CHECK(inFile == inBlock);
  }
  CHECK(storedRanges(block, 0, block.length + 1, never).status.fault == Fault::outOfRange);
}

ImageDiff diffOf(const OpenedImage& a, const OpenedImage& b, std::uint64_t length,
                 bool absentIsZero = false) {
  DiffRequest request;
  request.first = {&a.image, 0, 0};
  request.second = {&b.image, std::nullopt, 0};
  request.length = length;
  request.absentIsZero = absentIsZero;
  request.limit = 4;
  Progress progress;
  auto diff = diffImages(request, progress, never);
  REQUIRE(diff.ok());
  return diff.value;
}

TEST_CASE("a diff finds what differs and nothing else, against a plain comparison") {
  test::Random random(43);
  for (int turn = 0; turn < 60; ++turn) {
    Bytes first = test::stampedMemory(40, 20, 9);
    std::fill_n(first.begin() + 8192, 3 * kTestPage, std::uint8_t{0});
    Bytes second = first;
    for (std::uint64_t i = random.upTo(6); i > 0; --i) {
      second[random.upTo(second.size() - 1)] = random.byte();
    }
    std::uint64_t bytes = 0;
    std::uint64_t pages = 0;
    for (std::size_t page = 0; page < 40; ++page) {
      std::uint64_t here = 0;
      for (std::size_t i = page * kTestPage; i < (page + 1) * kTestPage; ++i) {
        here += first[i] != second[i] ? 1 : 0;
      }
      bytes += here;
      pages += here > 0 ? 1 : 0;
    }
    const ImageDiff diff =
        diffOf(test::openRawBytes(first), test::openRawBytes(second), first.size());
    CHECK(diff.differentBytes == bytes);
    CHECK(diff.differentPages == pages);
    CHECK(diff.pages == 40);
    if (pages > 0) {
      const Difference& run = diff.runs[0];
      const std::size_t at = run.start + run.byteOffset;
      CHECK(first[at] == run.first);
      CHECK(second[at] == run.second);
      CHECK(run.first != run.second);
      CHECK(std::equal(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(at),
                       second.begin()));
    }
  }
}

TEST_CASE("absent is another thing than zero, unless the asker says so") {
  const Mixed mixed = mixedImage();
  const OpenedImage raw = test::openRawBytes(mixed.content);
  const ImageDiff strict = diffOf(mixed.image, raw, mixed.content.size());
  CHECK(strict.absentInFirst == 10);
  CHECK(strict.differentPages == 10);
  CHECK(strict.differentRuns == 2);
  CHECK(strict.runs[0].kind == DifferenceKind::absentInFirst);
  CHECK(strict.absentInBoth == 0);
  CHECK(diffOf(mixed.image, raw, mixed.content.size(), true).differentPages == 0);
}

TEST_CASE("pages that neither side holds are not compared") {
  const Bytes page(4096, 9);
  const auto dump = [&page](std::uint64_t other) {
    return test::openBytes(
        test::kdump(16, {{0, 0, page}, {other, 0, page}}, {}, false, {4, 5, 6, 7, 8}));
  };
  const OpenedImage one = dump(4);
  DiffRequest request;
  request.first = {&one.image, 0, 0};
  request.length = 9 * kTestPage;
  const auto diff = [&](const OpenedImage& second, bool absentIsZero) {
    request.second = {&second.image, 0, 0};
    request.absentIsZero = absentIsZero;
    Progress progress;
    return diffImages(request, progress, never).value;
  };
  const OpenedImage other = dump(5);
  CHECK(diff(one, false).differentPages == 0);
  CHECK(diff(one, false).absentInBoth == 7);
  CHECK(diff(other, false).differentPages == 2);
  CHECK(diff(other, false).absentInBoth == 6);
  CHECK(diff(one, true).absentInBoth == 0);
}

TEST_CASE("pages that are not in an image are damage of their own kind at every level") {
  const Bytes page(4096, 9);
  const OpenedImage opened =
      test::openBytes(test::kdump(16, {{2, 0, page}, {3, 0, page}}, {}, false, {1, 4}));
  REQUIRE(opened.error.reason == "");
  for (const StampLevel level : {StampLevel::byte, StampLevel::wide, StampLevel::page}) {
    ImageCheckRequest request;
    request.level = level;
    request.slices = {{4096, 5 * kTestPage}};
    request.mapCells = 4;
    Progress progress;
    const auto verdict = checkImage(opened.image, request, progress, never);
    REQUIRE(verdict.ok());
    const SliceVerdict& found = verdict.value[0];
    CHECK(found.pagesByKind[static_cast<std::size_t>(DamageKind::absent)] == 2);
    CHECK(found.damage.front().address == 4096);
    CHECK(found.damage.front().kind == DamageKind::absent);
    CHECK(found.damage.back().address == 4 * kTestPage);
    CHECK(found.map[0].damaged == 1);
    CHECK(found.map[0].absent == 0);
    if (level == StampLevel::byte) CHECK(found.damagedPages == 2);
  }
}

TEST_CASE("memory of a process is an image like any other") {
  // Our own, which is always allowed.
  const Bytes memory = test::stampedMemory(8, 3, 77);
  const std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[memory.size()]);
  std::copy(memory.begin(), memory.end(), copy.get());
  auto image = openProcessImage(
      ::getpid(), {{0, memory.size(), reinterpret_cast<std::uint64_t>(copy.get())}}, 4096);
  REQUIRE(image.ok());
  ImageCheckRequest request;
  request.level = StampLevel::page;
  request.slices = {{0, memory.size()}};
  Progress progress;
  const auto verdict = checkImage(image.value, request, progress, never);
  REQUIRE(verdict.ok());
  CHECK(verdict.value[0].damagedPages == 0);
  CHECK(verdict.value[0].edge == 3 * kTestPage);
  CHECK_FALSE(openProcessImage(::getpid(), {{0, 100, 4096}}, 4096).ok());
}

}  // namespace
}  // namespace drover
