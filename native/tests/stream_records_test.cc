#include <doctest/doctest.h>

#include "tests/deflate_page.h"
#include "tests/stream_image.h"

using namespace drover;
using test::Bytes;
using test::StreamBuilder;

namespace {

constexpr std::uint64_t kPage = StreamBuilder::kPage;

StreamBuilder started() {
  StreamBuilder out;
  out.header().machine("pc-i440fx-7.2").startRam();
  return out.blockList({{"pc.ram", 8 * kPage}, {"rom", 2 * kPage}}).endChunk().partRam();
}

StreamBuilder ended(StreamBuilder out) {
  return out.endChunk().lastRam().endChunk().end();
}

// What parsing says of a record with this word and what follows it.
std::string reasonFor(std::uint64_t word, const Bytes& rest = Bytes(9000, 0)) {
  StreamBuilder out = started();
  out.page(0, 1, "pc.ram").u64(word).bytes(rest);
  const test::Parsed parsed = test::parse(out);
  CHECK(parsed.image.blocks.empty());
  CHECK(parsed.report.completeness == Completeness::incomplete);
  return parsed.error.reason;
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the last record of a page wins, whatever its kind") {
  const Bytes packed = test::deflated(Bytes(kPage, 77));
  StreamBuilder out = started();
  out.page(0, 1, "pc.ram").page(1, 2).zero(2).page(3, 3).zero(0, "rom").page(1, 9);
  out.endChunk().partRam();
  // The block named last is remembered over chunks.
  out.page(0, 8).zero(3, "pc.ram").page(2, 4).word(1, 0x100, {}).u32(packed.size()).bytes(packed);
  const test::Parsed parsed = test::parse(ended(out));
  REQUIRE(parsed.error.ok());
  CHECK(parsed.byteOf(0) == 1);
  CHECK(parsed.byteOf(1) == 77);
  CHECK(parsed.byteOf(2) == 4);
  CHECK(parsed.byteOf(3) == 0);
  CHECK(parsed.byteOf(0, 1) == 8);
  CHECK(parsed.byteOf(1, 1) == 9);
  CHECK(parsed.kindOf(1) == PageKind::packed);
  CHECK(parsed.kindOf(3) == PageKind::zero);
  CHECK(parsed.kindOf(4) == PageKind::absent);
}

TEST_CASE("records are counted by kind, by how often a page came, and by pass") {
  StreamBuilder out = started();
  out.page(0, 1, "pc.ram").page(1, 1).zero(2).zero(0, "rom");  // first pass
  out.page(1, 2, "pc.ram").page(2, 2);                         // second
  out.page(1, 3);                                              // third
  const test::Parsed parsed = test::parse(ended(out));
  REQUIRE(parsed.error.ok());
  const StreamReport& report = parsed.report;
  CHECK(report.records.records[static_cast<int>(RecordKind::page)] == 5);
  CHECK(report.records.records[static_cast<int>(RecordKind::zero)] == 2);
  CHECK(report.superseded == 3);
  CHECK(report.sentTimes[1] == 2);
  CHECK(report.sentTimes[2] == 1);
  CHECK(report.sentTimes[3] == 1);
  REQUIRE(report.passesTotal == 3);
  CHECK(report.passes[0].records == 4);
  CHECK(report.passes[1].records == 2);
  CHECK(report.passes[2].records == 1);
  CHECK(report.blocks[0].finalKinds[static_cast<int>(PageKind::absent)] == 5);
  CHECK(report.ramChunks == 3);
}

TEST_CASE("a page filled with another byte than zero is taken, with a warning") {
  const test::Parsed parsed = test::parse(ended(started().zero(0, "pc.ram", 0x5a)));
  REQUIRE(parsed.error.ok());
  CHECK(parsed.kindOf(0) == PageKind::fill);
  CHECK(parsed.content()[kPage - 1] == 0x5a);
  CHECK(has(parsed.report.warnings.front().text, "filled"));
}

TEST_CASE("records that make no sense are errors, each with its reason") {
  CHECK(has(reasonFor(0x1028 | 0x02), "flags"));  // two kinds
  CHECK(has(reasonFor(0x1020), "flags"));         // none
  CHECK(has(reasonFor(0x1021), "flags"));         // long obsolete
  CHECK(has(reasonFor(0x80), "flags"));           // RDMA
  CHECK(has(reasonFor(0x400 | 0x28), "flags"));   // unknown
  CHECK(has(reasonFor(0x30), "flags"));           // a mark that continues
  CHECK(has(reasonFor(0x1010), "offset"));        // a mark with an offset
  CHECK(has(reasonFor(0x8028), "beyond the end"));
  CHECK(has(reasonFor(0x08, {3, 'f', 'o', 'o'}), "not listed"));
  CHECK(has(reasonFor(0x08, {0}), "not listed"));
  CHECK(has(reasonFor(0x1060, {2, 0, 1}), "xbzrle"));
  CHECK(has(reasonFor(0x1060, {1, 0x10, 1}), "xbzrle"));
  CHECK(has(reasonFor(0x1120, {0, 0, 0x20, 0}), "compressed"));
  CHECK(has(reasonFor(0x8004, {6, 'p', 'c', '.', 'r', 'a', 'm'}), "second list"));
}

TEST_CASE("a record that continues needs one before it") {
  StreamBuilder out = started();
  CHECK(has(test::parse(ended(out.page(0, 1))).error.reason, "no record before"));
}

TEST_CASE("an error says where the record starts") {
  StreamBuilder out = started();
  out.page(0, 1, "pc.ram");
  const std::uint64_t at = out.size();
  const test::Parsed parsed = test::parse(out.u64(0x80).fill(5000, 0));
  CHECK(parsed.error.offset == at);
}

TEST_CASE("a compressed page that is no page shows when it is unpacked") {
  for (const Bytes& packed : {test::deflated(Bytes(kPage - 1, 1)),
                              test::deflated(Bytes(kPage + 1, 1)), Bytes(100, 7), Bytes{}}) {
    StreamBuilder out = started();
    const std::uint64_t at = out.zero(0, "pc.ram").word(1, 0x100, {}).size();
    const test::Parsed parsed = test::parse(ended(out.u32(packed.size()).bytes(packed)));
    REQUIRE(parsed.error.ok());
    Bytes page(kPage);
    const Status status = parsed.image.read(parsed.image.blocks[0], kPage, page);
    CHECK(status.fault == Fault::badData);
    CHECK(status.address == at);
  }
}

TEST_CASE("streams of other page sizes are recognised by trying") {
  for (const std::uint32_t pageBytes : {1024U, 2048U, 8192U, 16384U, 65536U}) {
    StreamBuilder out;
    out.header().machine("versatilepb").pageBytes(pageBytes).startRam();
    out.blockList({{"ram", std::uint64_t{16} * pageBytes}}).endChunk().partRam();
    for (std::uint64_t page = 0; page < 16; ++page) {
      out.page(page, static_cast<std::uint8_t>(page + 1), page == 0 ? "ram" : "");
    }
    const test::Parsed parsed = test::parse(ended(out));
    REQUIRE(parsed.error.ok());
    CHECK(parsed.report.pageBytes == pageBytes);
    CHECK(parsed.report.pageBytesSource == PageBytesSource::probed);
    for (std::uint64_t page = 0; page < 16; ++page) {
      CHECK(parsed.byteOf(page) == static_cast<int>(page + 1));
    }
  }
}

TEST_CASE("salvage keeps what came before, and goes on behind what makes no sense") {
  StreamBuilder out = started();
  out.page(0, 1, "pc.ram").page(1, 1).u64(0x80).fill(300, 0).endChunk().partRam();
  out.page(2, 3, "pc.ram");
  OpenOptions options;
  options.salvage = true;
  const test::Parsed parsed = test::parse(ended(out), options);
  CHECK_FALSE(parsed.error.ok());
  CHECK(parsed.report.completeness == Completeness::incomplete);
  REQUIRE(parsed.image.blocks.size() == 2);
  CHECK(parsed.byteOf(0) == 1);
  CHECK(parsed.byteOf(2) == 3);
}

TEST_CASE("salvage tries page sizes before it passes over what makes no sense") {
  StreamBuilder out;
  out.header().pageBytes(1024).startRam().blockList({{"ram", 16 * 1024}}).endChunk().partRam();
  for (std::uint64_t page = 0; page < 16; ++page) out.page(page, 5, page == 0 ? "ram" : "");
  OpenOptions options;
  options.salvage = true;
  const test::Parsed parsed = test::parse(ended(out), options);
  CHECK(parsed.error.ok());
  CHECK(parsed.report.pageBytes == 1024);
}

TEST_CASE("a cancelled parse says so") {
  test::Parsed parsed;
  parsed.image.inputs.push_back(
      std::move(InputFile::open(test::memfdOf(ended(started()).data())).value));
  CancelFlag cancel;
  cancel.set();
  parsed.error = parseStream(parsed.image, parsed.report, {}, cancel);
  CHECK(parsed.error.reason == "cancelled");
  CHECK(parsed.image.blocks.empty());
}
