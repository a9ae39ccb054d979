#include <doctest/doctest.h>

#include "tests/stream_image.h"

using namespace drover;
using test::StreamBuilder;

namespace {

constexpr std::uint64_t kPage = StreamBuilder::kPage;
using Blocks = std::vector<std::pair<std::string, std::uint64_t>>;

std::string reasonFor(const Blocks& blocks) {
  StreamBuilder out;
  out.header().startRam().blockList(blocks).endChunk().lastRam().endChunk().end();
  return test::parse(out).error.reason;
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("lists of blocks that cannot be are refused before anything is made of them") {
  CHECK(has(reasonFor({{"a", kPage}, {"a", kPage}}), "twice"));
  CHECK(has(reasonFor({{"a", kPage}, {"", kPage}}), "without a name"));
  CHECK(has(reasonFor({{"a", 0}, {"b", kPage}}), "no number of pages"));
  CHECK(has(reasonFor({{"a", kPage + 100}, {"b", kPage - 100}}), "no number of pages"));
  CHECK(has(reasonFor({{"a", std::uint64_t{1} << 57U}}), "no number of pages"));
  CHECK(has(reasonFor({{"a", 3 * kPage}, {"b", ~std::uint64_t{0} - kPage + 1}}), "longer than"));
  CHECK(has(reasonFor({}), "without blocks"));
}

TEST_CASE("a block of 2^56 bytes costs nothing until it has pages") {
  StreamBuilder out;
  out.header().startRam().blockList({{"a", std::uint64_t{1} << 56U}}).endChunk().partRam();
  const std::uint64_t last = (std::uint64_t{1} << 44U) - 1;
  out.page(last, 7, "a").endChunk().lastRam().endChunk().end();
  const test::Parsed parsed = test::parse(out);
  REQUIRE(parsed.error.ok());
  CHECK(parsed.byteOf(last) == 7);
  CHECK(parsed.image.blocks[0].table->runAt(5).pages > (std::uint64_t{1} << 43U));
  CHECK(parsed.report.indexBytes < 10000);
}

TEST_CASE("pages that are scattered over a huge block do not outgrow the file without end") {
  StreamBuilder out;
  out.header().startRam().blockList({{"a", std::uint64_t{1} << 56U}}).endChunk().partRam();
  out.page(0, 1, "a");
  for (std::uint64_t i = 1; i < 2000; ++i) out.zero(i << 20U);
  out.endChunk().lastRam().endChunk().end();
  StreamLimits limits;
  limits.indexBytes = std::uint64_t{1} << 20U;
  CHECK(has(test::parse(out, {}, limits).error.reason, "scattered"));
  CHECK(test::parse(out).error.ok());
}

TEST_CASE("host page sizes are recognised where postcopy was advised") {
  const std::uint64_t huge = std::uint64_t{2} << 20U;
  StreamBuilder advice;
  advice.u64(huge | kPage).u64(kPage);
  StreamBuilder out;
  out.header().command(3, advice.data()).startRam().u64((huge + kPage) | 4);
  out.name("pc.ram").u64(huge).u64(huge).name("rom").u64(kPage).endChunk().partRam();
  out.page(0, 5, "pc.ram").zero(0, "rom").endChunk().lastRam().endChunk().end();
  const test::Parsed parsed = test::parse(out);
  REQUIRE(parsed.error.ok());
  CHECK(parsed.report.blocks[0].hostPageBytes == huge);
  CHECK(parsed.report.blocks[1].hostPageBytes == 0);
  CHECK(parsed.report.pageBytesSource == PageBytesSource::advice);
}

TEST_CASE("blocks whose content was not sent are distinguished under x-ignore-shared") {
  StreamBuilder out;
  out.header().machine("pc").capability("x-ignore-shared").startRam().u64(2 * kPage | 4);
  out.name("pc.ram").u64(kPage).u64(0).name("rom").u64(kPage).u64(0xfffc0000).endChunk().partRam();
  out.page(0, 5, "rom").endChunk().lastRam().endChunk().end();
  const test::Parsed parsed = test::parse(out);
  REQUIRE(parsed.error.ok());
  CHECK(parsed.image.blocks[0].contentElsewhere);
  CHECK_FALSE(parsed.image.blocks[1].contentElsewhere);
  CHECK(parsed.report.blocks[1].regionAddress == 0xfffc0000);
}
