#include <doctest/doctest.h>

#include "tests/mapped_stream.h"
#include "tests/random.h"
#include "tests/stream_image.h"

using namespace drover;
using test::MappedBlock;
using test::MappedForm;
using test::StreamBuilder;

namespace {

const std::vector<MappedBlock> kBlocks{{"pc.ram", {1, -1, 3, -1, 5}, false}, {"rom", {7}, false}};

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

std::string reasonFor(const MappedForm& form) {
  return test::parse(test::wholeMapped(kBlocks, form)).error.reason;
}

void checkPages(const test::Parsed& parsed, const std::vector<MappedBlock>& blocks) {
  REQUIRE(parsed.error.ok());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    std::uint64_t page = 0;
    while (page < blocks[i].pages.size()) {
      const PageRun run = parsed.image.blocks[i].table->runAt(page);
      for (std::uint64_t end = page + run.pages; page < end; ++page) {
        const int expected = blocks[i].pages[page];
        REQUIRE((run.kind == PageKind::stored) == (expected >= 0));
        REQUIRE(parsed.byteOf(page, i) == std::max(0, expected));
      }
    }
  }
}

}  // namespace

TEST_CASE("pages whose bit is clear are zero, whatever lies in their place") {
  checkPages(test::parse(test::wholeMapped(kBlocks)), kBlocks);
}

TEST_CASE("offsets in a mapped-ram file count from the file's start, not the stream's") {
  MappedForm form;
  form.prefix = 4660;
  OpenOptions options;
  options.fileOffset = form.prefix;
  checkPages(test::parse(test::wholeMapped(kBlocks, form), options), kBlocks);
}

TEST_CASE("bitmaps of any length give their pages, in both byte orders") {
  test::Random random(51);
  for (int round = 0; round < 40; ++round) {
    const bool big = round % 2 == 1;
    MappedBlock block{"pc.ram", std::vector<int>(1 + random.upTo(300)), big};
    for (int& page : block.pages)
      page = random.upTo(2) == 0 ? -1 : static_cast<int>(random.upTo(255));
    StreamLimits limits;
    limits.bitmapOrder = big ? BitmapOrder::bigEndian : BitmapOrder::littleEndian;
    checkPages(test::parse(test::wholeMapped({block}), {}, limits), {block});
  }
}

TEST_CASE("a big-endian bitmap is recognised where its bits would lie beyond the block") {
  const std::vector<MappedBlock> blocks{{"pc.ram", {1, -1, 3}, true}};
  const test::Parsed parsed = test::parse(test::wholeMapped(blocks));
  checkPages(parsed, blocks);
  CHECK(parsed.report.warningsTotal == 1);
}

TEST_CASE("headers of blocks that lie are refused") {
  CHECK(has(reasonFor({.version = 2}), "version"));
  CHECK(has(reasonFor({.pageBytes = 3000}), "page size"));
  CHECK(has(reasonFor({.pageBytes = 0}), "page size"));
  CHECK(has(reasonFor({.shiftBitmap = -20}), "bitmap outside"));
  CHECK(has(reasonFor({.shiftBitmap = std::int64_t{1} << 40}), "bitmap outside"));
  CHECK(has(reasonFor({.shiftBitmap = std::int64_t{1} << 62}), "bitmap outside"));
  CHECK(has(reasonFor({.shiftPages = -4096}), "over its bitmap"));
  CHECK(has(reasonFor({.shiftPages = 100}), "alignment"));
  CHECK(has(reasonFor({.shiftPages = std::int64_t{1} << 40}), "beyond the end"));
  CHECK(has(reasonFor({.shiftPages = std::int64_t{1} << 62}), "beyond the end"));
  CHECK(has(reasonFor({.setTailBits = true}), ""));
}

TEST_CASE("bits beyond the last page are an error") {
  const std::vector<MappedBlock> blocks{{"a", {1, 2}, false},
                                        {"b", std::vector<int>(70, 1), false}};
  MappedForm form;
  form.setTailBits = true;
  StreamLimits limits;
  limits.bitmapOrder = BitmapOrder::littleEndian;
  CHECK(has(test::parse(test::wholeMapped(blocks, form), {}, limits).error.reason,
            "beyond the last page"));
}

TEST_CASE(
    "without the end of its RAM a mapped-ram file is an error, and salvage reads its regions") {
  MappedForm form;
  form.clearBitmaps = true;
  StreamBuilder out = test::startOfMapped(kBlocks, form);
  out.device(9, "timer", test::Bytes(8, 0)).end();
  CHECK(has(test::parse(out).error.reason, "never written"));
  OpenOptions options;
  options.salvage = true;
  const test::Parsed parsed = test::parse(out, options);
  CHECK_FALSE(parsed.error.ok());
  REQUIRE(parsed.image.blocks.size() == 2);
  CHECK(parsed.byteOf(0) == 1);
  CHECK(parsed.byteOf(4) == 5);
  CHECK(parsed.byteOf(0, 1) == 7);
}

TEST_CASE("page records have no place in a mapped-ram file") {
  StreamBuilder out = test::startOfMapped(kBlocks);
  out.partRam().page(0, 1, "pc.ram").endChunk().lastRam().endChunk().end();
  CHECK(has(test::parse(out).error.reason, "mapped-ram"));
}
