// Streams that were cut, bent or shortened under the reader's eyes. Whatever happens, what comes
// out is an error or the guest's true memory.
#include <doctest/doctest.h>

#include "tests/deflate_page.h"
#include "tests/mapped_stream.h"
#include "tests/random.h"
#include "tests/stream_image.h"

using namespace drover;
using test::Bytes;
using test::ChannelBuilder;
using test::StreamBuilder;

namespace {

constexpr std::uint64_t kPage = StreamBuilder::kPage;
using Files = std::vector<Bytes>;

Bytes plain() {
  const Bytes packed = test::deflated(Bytes(kPage, 77));
  StreamBuilder out;
  out.header()
      .machine("pc")
      .startRam()
      .blockList({{"pc.ram", 8 * kPage}, {"rom", kPage}})
      .endChunk();
  out.partRam().page(0, 1, "pc.ram").zero(1).page(2, 2).delta(0, {3, 1, 9}).zero(3).zero(0, "rom");
  out.word(4, 0x100, "pc.ram").u32(packed.size()).bytes(packed).page(5, 5).endChunk();
  out.lastRam().page(2, 4).zero(6).zero(7).endChunk().device(5, "timer", Bytes(24, 0)).end();
  return out
      .description(
          R"({"page_size":4096,"devices":[{"name":"timer","instance_id":0,"fields":[{"size":24}]}]})")
      .data();
}

Files channels() {
  StreamBuilder main;
  main.header().startRam().blockList({{"pc.ram", 4 * kPage}}).flush().endChunk();
  main.lastRam().flush().endChunk().end();
  test::PiecewiseDeflater deflater;
  Bytes pages(2 * kPage, 3);
  ChannelBuilder channel(0);
  channel.sync(0).packet(
      {.flags = 2, .normal = {0, 1}, .zero = {2}, .payload = deflater.next(pages), .number = 1});
  channel
      .packet({.flags = 2,
               .normal = {3},
               .zero = {},
               .payload = deflater.next(Bytes(kPage, 8)),
               .number = 2})
      .sync(3);
  return {main.data(), channel.data()};
}

Files mapped() {
  return {test::wholeMapped({{"pc.ram", {1, -1, 3, -1, 5}, false}, {"rom", {7}, false}}).data()};
}

std::vector<Files> all() {
  return {{plain()}, channels(), mapped()};
}

// Everything that may be asked of what came out.
void use(const test::Parsed& parsed) {
  for (const RamBlock& block : parsed.image.blocks) {
    Bytes page(block.pageBytes);
    int runs = 0;
    for (std::uint64_t at = 0; at < block.pages() && runs < 100; ++runs) {
      const PageRun run = block.table->runAt(at);
      REQUIRE(run.pages >= 1);
      REQUIRE(run.pages <= block.pages() - at);
      static_cast<void>(parsed.image.read(block, at * block.pageBytes, page));
      at += run.pages;
    }
  }
  REQUIRE(parsed.report.warnings.size() <= StreamReport::kMaxWarnings);
  REQUIRE(parsed.report.passes.size() <= StreamReport::kMaxPasses);
}

}  // namespace

TEST_CASE("a stream cut at any byte is an error, or its memory is whole") {
  for (const Files& files : all()) {
    const test::Parsed whole = test::parse(files);
    REQUIRE(whole.error.reason == "");
    const Bytes memory = whole.content();
    for (std::size_t which = 0; which < files.size(); ++which) {
      for (std::size_t size = 0; size < files[which].size(); size += size < 300 ? 1 : 7) {
        Files cut = files;
        cut[which].resize(size);
        const test::Parsed parsed = test::parse(cut);
        REQUIRE((!parsed.error.ok() || parsed.content() == memory));
        REQUIRE(parsed.error.ok() == !parsed.image.blocks.empty());
      }
    }
  }
}

TEST_CASE("what salvage keeps of a cut stream can be read") {
  OpenOptions options;
  options.salvage = true;
  for (const Files& files : all()) {
    for (std::size_t size = 0; size < files[0].size(); size += 131) {
      Files cut = files;
      cut[0].resize(size);
      use(test::parse(cut, options));
    }
  }
}

TEST_CASE("bytes that were changed anywhere do no harm") {
  test::Random random(61);
  const std::vector<Files> sound = all();
  for (int round = 0; round < 4000; ++round) {
    Files files = sound[random.upTo(sound.size() - 1)];
    for (std::uint64_t changes = 1 + random.upTo(3); changes > 0; --changes) {
      Bytes& file = files[random.upTo(files.size() - 1)];
      // Mostly heads: data pages are the larger part, and nothing there matters.
      const std::uint64_t at = random.upTo(
          random.upTo(2) == 0 ? file.size() - 1 : std::min<std::uint64_t>(400, file.size() - 1));
      if (random.upTo(1) == 0)
        file[at] ^= static_cast<std::uint8_t>(1U << random.upTo(7));
      else
        file[at] = random.byte();
    }
    OpenOptions options;
    options.salvage = random.upTo(1) == 1;
    StreamLimits limits;
    limits.scratchBytes = std::uint64_t{1} << 20U;
    use(test::parse(files, options, limits));
  }
}

TEST_CASE("a file that is cut short while it is mapped is an error") {
  for (const std::uint64_t size : {std::uint64_t{0}, kPage, 3 * kPage}) {
    Descriptor file = test::memfdOf(plain());
    Descriptor other = Descriptor::own(::dup(file.get()));
    test::Parsed parsed;
    parsed.image.inputs.push_back(std::move(InputFile::open(std::move(file)).value));
    REQUIRE(::ftruncate(other.get(), static_cast<off_t>(size)) == 0);
    const CancelFlag never;
    parsed.error = parseStream(parsed.image, parsed.report, {}, never);
    CHECK_FALSE(parsed.error.ok());
  }
}
