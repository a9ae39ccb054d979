#include <doctest/doctest.h>

#include "tests/stream_image.h"

using namespace drover;
using test::Bytes;
using test::StreamBuilder;

namespace {

constexpr std::uint64_t kPage = StreamBuilder::kPage;

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

Bytes discardOf(std::uint64_t first, std::uint64_t count) {
  StreamBuilder out;
  return out.u8(0).name("pc.ram").u8(0).u64(first * kPage).u64(count * kPage).data();
}

Bytes packageHead(std::uint64_t length) {
  return StreamBuilder().u32(length).data();
}

StreamBuilder untilSwitch() {
  StreamBuilder advice;
  StreamBuilder out;
  out.header().machine("pc").command(1, {}).command(3, advice.u64(kPage).u64(kPage).data());
  out.startRam().blockList({{"pc.ram", 8 * kPage}}).endChunk().partRam().page(0, 1, "pc.ram");
  return out.page(1, 1).page(2, 1).page(3, 1).endChunk().command(6, discardOf(1, 2));
}

Bytes package() {
  StreamBuilder out;
  out.command(4, {}).device(5, "timer", Bytes(24, 1)).device(6, "cpu", Bytes(100, 2));
  return out.command(2, {0, 0, 0, 3}).command(5, {}).data();
}

StreamBuilder switched() {
  const Bytes inner = package();
  StreamBuilder out = untilSwitch();
  return out.command(7, packageHead(inner.size())).bytes(inner).partRam().page(1, 9, "pc.ram");
}

StreamBuilder ended(StreamBuilder out) {
  return out.endChunk().lastRam().endChunk().end();
}

}  // namespace

TEST_CASE("discarded pages are absent until they are sent again") {
  const test::Parsed parsed = test::parse(ended(switched()));
  REQUIRE(parsed.error.ok());
  CHECK(parsed.byteOf(0) == 1);
  CHECK(parsed.byteOf(1) == 9);
  CHECK(parsed.kindOf(2) == PageKind::absent);
  CHECK(parsed.byteOf(3) == 1);
  CHECK(parsed.report.blocks[0].discarded == 2);
  CHECK(parsed.report.sentTimes[1] == 3);
  REQUIRE(parsed.report.sections.size() == 3);
  CHECK(parsed.report.sections[2].name == "cpu");
  CHECK(parsed.report.sections[2].length == 100);
  CHECK(parsed.report.sections[2].packaged);
}

TEST_CASE("a capture of the preempt channel is bare records") {
  StreamBuilder channel;
  channel.page(2, 33, "pc.ram").page(5, 34);
  for (const bool mark : {false, true}) {
    if (mark) channel.u64(0x10);
    const test::Parsed parsed = test::parse({ended(switched()).data(), channel.data()});
    REQUIRE(parsed.error.ok());
    CHECK(parsed.byteOf(2) == 33);
    CHECK(parsed.byteOf(5) == 34);
  }
  CHECK(test::parse({ended(switched()).data(), Bytes{}}).error.ok());
  StreamBuilder precopy;
  precopy.header().startRam().blockList({{"pc.ram", kPage}}).zero(0, "pc.ram");
  CHECK(has(test::parse({ended(precopy).data(), channel.data()}).error.reason, "neither"));
}

TEST_CASE("discards that make no sense are errors") {
  const auto reasonFor = [](const Bytes& argument) {
    return test::parse(ended(untilSwitch().command(6, argument).partRam())).error.reason;
  };
  CHECK(has(reasonFor(discardOf(7, 2)), "outside"));
  CHECK(has(reasonFor(discardOf(1, ~std::uint64_t{0} / kPage)), "outside"));
  CHECK(has(reasonFor({1, 1, 'x', 0}), "version"));
  CHECK(has(reasonFor({0, 1, 'x', 0, 1, 2, 3}), "incomplete"));
  CHECK(has(reasonFor(StreamBuilder().u8(0).name("foo").u8(0).u64(0).u64(kPage).data()),
            "not listed"));
  CHECK(has(reasonFor({}), "without a block"));
}

TEST_CASE("packages are bounded and do not nest") {
  StreamBuilder out = untilSwitch();
  CHECK(has(test::parse(out.command(7, packageHead(1000))).error.reason, "a package"));
  StreamBuilder inner;
  inner.command(7, packageHead(0));
  out = untilSwitch();
  const test::Parsed parsed =
      test::parse(ended(out.command(7, packageHead(inner.size())).bytes(inner.data()).partRam()));
  REQUIRE(parsed.error.ok());  // the package is skipped by its length
  CHECK(parsed.report.completeness == Completeness::ramCompleteTailUnparsed);
  CHECK(has(parsed.report.warnings.front().text, "package inside a package"));
}

TEST_CASE("RAM inside a package is an error") {
  StreamBuilder inner;
  inner.partRam().page(3, 5, "pc.ram").endChunk();
  StreamBuilder out = untilSwitch();
  out.command(7, packageHead(inner.size())).bytes(inner.data()).partRam();
  CHECK(has(test::parse(ended(out)).error.reason, "RAM inside"));
}
