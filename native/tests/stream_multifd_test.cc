#include <doctest/doctest.h>

#include "tests/deflate_page.h"
#include "tests/stream_image.h"

using namespace drover;
using test::Bytes;
using test::ChannelBuilder;
using test::StreamBuilder;

namespace {

constexpr std::uint64_t kPage = StreamBuilder::kPage;

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

StreamBuilder started() {
  StreamBuilder out;
  out.header().machine("pc-i440fx-10.2").startRam();
  return out.blockList({{"pc.ram", 4 * kPage}});
}

// Three steps: two in parts, one at the end.
Bytes newMain() {
  return started()
      .flush()
      .endChunk()
      .partRam()
      .flush()
      .endChunk()
      .lastRam()
      .flush()
      .endChunk()
      .end()
      .data();
}

Bytes filled(std::initializer_list<std::uint8_t> pages) {
  Bytes out;
  for (const std::uint8_t value : pages) out.insert(out.end(), kPage, value);
  return out;
}

ChannelBuilder firstChannel() {
  ChannelBuilder channel(0);
  channel.sync(0).packet({.normal = {0, 1}, .zero = {3}, .payload = filled({10, 11}), .number = 2});
  return channel.sync(3)
      .packet({.normal = {2}, .zero = {}, .payload = filled({12}), .number = 6})
      .sync(7);
}

ChannelBuilder secondChannel() {
  ChannelBuilder channel(1);
  channel.sync(1).packet({.normal = {2}, .zero = {}, .payload = filled({20}), .number = 4}).sync(5);
  return channel.packet({.normal = {0}, .zero = {1}, .payload = filled({21}), .number = 8}).sync(9);
}

}  // namespace

TEST_CASE("channels are heard step by step, in whatever order the files are given") {
  for (const bool swapped : {false, true}) {
    const Bytes first = firstChannel().data();
    const Bytes second = secondChannel().data();
    const test::Parsed parsed =
        swapped ? test::parse({second, newMain(), first}) : test::parse({newMain(), first, second});
    REQUIRE(parsed.error.ok());
    CHECK(parsed.byteOf(0) == 21);
    CHECK(parsed.byteOf(1) == 0);
    CHECK(parsed.byteOf(2) == 12);
    CHECK(parsed.kindOf(3) == PageKind::zero);
    REQUIRE(parsed.report.channels.size() == 2);
    CHECK(parsed.report.channels[0].syncs == 3);
    CHECK(parsed.report.channels[1].pages == 2);
    CHECK(parsed.report.completeness == Completeness::complete);
  }
}

TEST_CASE("in old streams every end of a chunk is a step, and zero pages are on the main stream") {
  StreamBuilder main = started();
  main.endChunk().partRam().zero(0, "pc.ram").zero(1).endChunk().lastRam().zero(1).endChunk().end();
  ChannelBuilder channel(0);
  // Syncs sit on packets with pages, and packets without pages have a stale size.
  channel.packet({.flags = 1, .normal = {}, .zero = {}, .payload = {}, .staleSize = 5000});
  channel.packet({.flags = 1, .normal = {2}, .zero = {}, .payload = filled({7})});
  channel.packet({.flags = 1, .normal = {0}, .zero = {}, .payload = filled({8})});
  const test::Parsed parsed = test::parse({main.data(), channel.data()});
  REQUIRE(parsed.error.ok());
  CHECK(parsed.byteOf(0) == 8);
  CHECK(parsed.kindOf(1) == PageKind::zero);
  CHECK(parsed.byteOf(2) == 7);
}

TEST_CASE("a compressed channel is one stream over all its packets") {
  test::PiecewiseDeflater deflater;
  const Bytes first = deflater.next(filled({1, 2, 3}));
  const Bytes second = deflater.next(filled({4}));
  ChannelBuilder channel(0);
  channel.sync(0)
      .packet({.flags = 2, .normal = {0, 1, 2}, .zero = {}, .payload = first, .number = 1})
      .sync(2);
  channel.packet({.flags = 2, .normal = {1}, .zero = {3}, .payload = second, .number = 3}).sync(4);
  const test::Parsed parsed = test::parse({newMain(), channel.data()});
  REQUIRE(parsed.error.ok());
  CHECK(parsed.content() == filled({1, 4, 3, 0}));
  CHECK(parsed.report.channels[0].compression == "zlib");

  // One page too few, one too many, and a broken byte.
  const auto broken = [&](std::vector<std::uint64_t> pages, Bytes payload) {
    ChannelBuilder bad(0);
    bad.sync(0).packet({.flags = 2,
                        .normal = std::move(pages),
                        .zero = {},
                        .payload = std::move(payload),
                        .number = 1});
    return test::parse({newMain(), bad.sync(2).sync(3).data()}).error.reason;
  };
  CHECK(has(broken({0, 1}, first), "longer than its pages"));
  CHECK(has(broken({0, 1, 2, 3}, first), "shorter than its pages"));
  Bytes flipped = first;
  flipped[1] ^= 0x40U;
  CHECK(has(broken({0, 1, 2}, flipped), "broken"));
}

TEST_CASE("an old main stream without its channels is not a guest full of zeroes") {
  StreamBuilder main = started();
  main.endChunk().partRam().zero(0, "pc.ram").zero(1).endChunk().lastRam().endChunk().end();
  CHECK(has(test::parse(main).error.reason, "none of its data"));
}

TEST_CASE("a missing, doubled or foreign channel is noticed") {
  const Bytes first = firstChannel().data();
  const Bytes second = secondChannel().data();
  CHECK(has(test::parse({newMain()}).error.reason, "captures of its channels"));
  CHECK(has(test::parse({newMain(), first}).error.reason, "a channel is missing"));
  CHECK(has(test::parse({newMain(), second}).error.reason, "channel 0 is missing"));
  CHECK(has(test::parse({newMain(), first, first}).error.reason, "two captures"));
  CHECK(has(test::parse({newMain(), newMain(), first}).error.reason, "two main streams"));
  CHECK(has(test::parse({first, second}).error.reason, "no migration stream"));
  Bytes foreign = second;
  foreign[10] = 1;
  CHECK(has(test::parse({newMain(), first, foreign}).error.reason, "different guests"));
}

TEST_CASE("packets that make no sense are errors that name the channel") {
  const auto reasonFor = [](const ChannelBuilder::Packet& packet) {
    ChannelBuilder channel(0);
    channel.packet(packet).sync().sync().sync();
    return test::parse({newMain(), channel.data()}).error.reason;
  };
  CHECK(has(reasonFor({.block = "foo", .normal = {0}, .zero = {}, .payload = filled({1})}),
            "not listed"));
  CHECK(has(reasonFor({.normal = {4}, .zero = {}, .payload = filled({1})}), "outside block"));
  CHECK(has(reasonFor({.normal = {}, .zero = {4}, .payload = {}}), "outside block"));
  CHECK(has(reasonFor({.normal = {0}, .zero = {}, .payload = filled({1, 2})}), "size"));
  CHECK(has(reasonFor({.normal = {0}, .zero = {}, .payload = {}, .staleSize = 1U << 31U}),
            "ends inside"));
  CHECK(has(reasonFor({.normal = {0}, .zero = {}, .payload = filled({1}), .allocated = 129}),
            "room"));
  CHECK(
      has(reasonFor({.normal = {0}, .zero = {}, .payload = filled({1}), .allocated = 0}), "room"));
  CHECK(has(reasonFor({.flags = 8, .normal = {0}, .zero = {}, .payload = filled({1})}), "QPL"));
  CHECK(
      has(reasonFor({.flags = 8, .normal = {0}, .zero = {}, .payload = filled({1})}), "channel 0"));
}

TEST_CASE("channels and main stream must have as many marks") {
  ChannelBuilder few(0);
  CHECK(has(test::parse({newMain(), few.sync(0).sync(1).data()}).error.reason, "ends before"));
  ChannelBuilder many(0);
  many.sync(0).sync(1).sync(2).sync(3);
  CHECK(has(test::parse({newMain(), many.data()}).error.reason, "but the main stream has 3"));
}
