#include <doctest/doctest.h>

#include "core/stream/ram/xbzrle.h"
#include "tests/random.h"
#include "tests/stream_image.h"
#include "tests/xbzrle_twin.h"

using namespace drover;
using test::Bytes;
using test::StreamBuilder;

namespace {

void appendLength(Bytes& out, std::size_t length) {
  if (length >= 128) out.push_back(static_cast<std::uint8_t>(0x80U | (length & 0x7fU)));
  out.push_back(static_cast<std::uint8_t>(length >= 128 ? length >> 7U : length));
}

// What a sender makes of a page and its former content.
Bytes encode(const Bytes& before, const Bytes& after) {
  Bytes out;
  for (std::size_t at = 0; at < after.size();) {
    std::size_t same = at;
    while (same < after.size() && before[same] == after[same]) ++same;
    if (same == after.size()) break;
    std::size_t fresh = same;
    while (fresh < after.size() && before[fresh] != after[fresh]) ++fresh;
    appendLength(out, same - at);
    appendLength(out, fresh - same);
    out.insert(out.end(), after.begin() + static_cast<std::ptrdiff_t>(same),
               after.begin() + static_cast<std::ptrdiff_t>(fresh));
    at = fresh;
  }
  return out;
}

Bytes changed(test::Random& random, Bytes page) {
  for (std::uint64_t spots = 1 + random.upTo(20); spots > 0; --spots) {
    const std::uint64_t start = random.upTo(page.size() - 1);
    const std::uint64_t end = std::min<std::uint64_t>(page.size(), start + 1 + random.upTo(400));
    for (std::uint64_t i = start; i < end; ++i) page[i] = random.byte();
  }
  return page;
}

}  // namespace

TEST_CASE("a delta gives the page that it was made from") {
  test::Random random(31);
  for (int round = 0; round < 300; ++round) {
    Bytes before(4096);
    for (std::uint8_t& byte : before) byte = random.upTo(3) == 0 ? random.byte() : 0;
    const Bytes after = changed(random, before);
    const Bytes delta = encode(before, after);
    if (delta.empty()) continue;
    REQUIRE(applyXbzrle(delta, before) == nullptr);
    REQUIRE(before == after);
  }
}

TEST_CASE("deltas of random bytes are taken or refused as the slow twin does") {
  test::Random random(32);
  for (int round = 0; round < 20000; ++round) {
    Bytes delta(random.upTo(12));
    for (std::uint8_t& byte : delta)
      byte = random.upTo(2) == 0 ? random.byte() : static_cast<std::uint8_t>(random.upTo(3));
    Bytes page(64, 0xab);
    const auto expected = test::xbzrleTwin(delta, page);
    REQUIRE((applyXbzrle(delta, page) == nullptr) == expected.has_value());
    if (expected) REQUIRE(page == *expected);
  }
}

TEST_CASE("deltas apply to what the page was, be it in the file, zero, filled or changed before") {
  StreamBuilder out;
  out.header().startRam().blockList({{"pc.ram", std::uint64_t{6} * 4096}}).endChunk().partRam();
  out.page(0, 1, "pc.ram").zero(1).zero(2, {}, 9).page(3, 3);
  out.delta(0, {0, 1, 50}).delta(0, {1, 1, 51}).delta(1, {0, 1, 60}).delta(2, {2, 1, 61});
  out.delta(3, {0, 1, 70}).page(3, 4).delta(3, {5, 1, 71}).delta(4, {0, 1, 80});
  out.delta(5, {0, 1, 90}).zero(5).delta(5, {3, 1, 91});
  out.endChunk().lastRam().endChunk().end();
  for (const char* folder : {"", "/tmp"}) {
    OpenOptions options;
    options.tmpDir = folder;
    const test::Parsed parsed = test::parse(out, options);
    REQUIRE(parsed.error.ok());
    const Bytes ram = parsed.content();
    CHECK(Bytes(ram.begin(), ram.begin() + 3) == Bytes{50, 51, 1});
    CHECK(Bytes(ram.begin() + 4096, ram.begin() + 4098) == Bytes{60, 0});
    CHECK(Bytes(ram.begin() + 8192, ram.begin() + 8196) == Bytes{9, 9, 61, 9});
    CHECK(Bytes(ram.begin() + 12288, ram.begin() + 12295) == Bytes{4, 4, 4, 4, 4, 71, 4});
    CHECK(ram[std::size_t{4} * 4096] == 80);
    CHECK(Bytes(ram.begin() + 20480, ram.begin() + 20484) == Bytes{0, 0, 0, 91});
    CHECK(parsed.report.warningsTotal == 3);  // the filled page; pages 4 and 5, never sent whole
    CHECK(parsed.report.scratchBytes <= std::uint64_t{6} * 4096);
  }
}

TEST_CASE("more decoded pages than the limit allows are an error") {
  StreamBuilder out;
  out.header().startRam().blockList({{"pc.ram", std::uint64_t{64} * 4096}}).endChunk().partRam();
  out.zero(0, "pc.ram");
  for (std::uint64_t page = 0; page < 64; ++page) out.delta(page, {0, 1, 1});
  out.endChunk().lastRam().endChunk().end();
  StreamLimits limits;
  limits.scratchBytes = std::uint64_t{10} * 4096;
  const test::Parsed parsed = test::parse(out, {}, limits);
  CHECK(parsed.error.reason.find("limit") != std::string::npos);
}

TEST_CASE("a broken delta is an error at its place") {
  StreamBuilder out;
  out.header().startRam().blockList({{"pc.ram", 4096}}).endChunk().partRam().page(0, 1, "pc.ram");
  const std::uint64_t at = out.size();
  out.delta(0, {0, 0}).endChunk().lastRam().endChunk().end();
  const test::Parsed parsed = test::parse(out);
  CHECK(parsed.error.reason.find("xbzrle") != std::string::npos);
  CHECK(parsed.error.offset == at + 11);
}
