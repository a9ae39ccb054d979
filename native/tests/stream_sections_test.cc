#include <doctest/doctest.h>

#include "tests/stream_image.h"

using namespace drover;
using test::Bytes;
using test::ChannelBuilder;
using test::StreamBuilder;

namespace {

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

StreamBuilder withRam(bool footers = true) {
  StreamBuilder out;
  if (!footers) out.withoutFooters();
  out.header().machine("pc").startRam().blockList({{"pc.ram", 4096}}).endChunk();
  return out.partRam().page(0, 1, "pc.ram").endChunk().lastRam().endChunk();
}

constexpr const char* kDescription =
    R"({"page_size":4096,"devices":[{"name":"timer","instance_id":0,"fields":[{"size":8,"array_len":3}]},
    {"name":"cpu","instance_id":0,"fields":[{"size":4}],"subsections":[{"vmsd_name":"cpu/x","fields":[{"size":2}]}]}]})";

// 4 of the fields, then a subsection: byte, name, version, 2 of its fields.
Bytes cpuState() {
  StreamBuilder out;
  return out.u32(1).u8(5).name("cpu/x").u32(1).u16(3).data();
}

}  // namespace

TEST_CASE("devices are measured by the description where it fits, else by their footers") {
  StreamBuilder out = withRam();
  out.device(5, "timer", Bytes(24, 0))
      .device(6, "cpu", cpuState())
      .device(7, "odd", Bytes(13, 0x7e));
  const test::Parsed parsed = test::parse(out.end().description(kDescription));
  REQUIRE(parsed.error.ok());
  CHECK(parsed.report.completeness == Completeness::complete);
  REQUIRE(parsed.report.sections.size() == 4);
  CHECK(parsed.report.sections[1].length == 24);
  CHECK_FALSE(parsed.report.sections[1].sizeFromFooter);
  CHECK(parsed.report.sections[2].length == cpuState().size());
  CHECK_FALSE(parsed.report.sections[2].sizeFromFooter);
  CHECK(parsed.report.sections[3].length == 13);
  CHECK(parsed.report.sections[3].sizeFromFooter);
  CHECK(parsed.report.vmdescLength == std::string_view(kDescription).size());
}

TEST_CASE(
    "without footers the description alone carries on, and without both RAM is all there is") {
  StreamBuilder out = withRam(false);
  out.device(5, "timer", Bytes(24, 0)).device(6, "cpu", cpuState()).end();
  StreamBuilder described = out;
  const test::Parsed whole = test::parse(described.description(kDescription));
  REQUIRE(whole.error.ok());
  CHECK_FALSE(whole.report.footers);
  CHECK(whole.report.completeness == Completeness::complete);
  CHECK(whole.report.sections.size() == 3);
  const test::Parsed bare = test::parse(out);
  REQUIRE(bare.error.ok());
  CHECK(bare.report.completeness == Completeness::ramCompleteTailUnparsed);
  CHECK(bare.byteOf(0) == 1);
}

TEST_CASE("a footer inside a payload is not its end when nothing sensible follows") {
  StreamBuilder payload;
  payload.u8(0x7e).u32(5).u8(0x55).u8(0x7e).u32(5).u8(0x02).u32(99);
  const test::Parsed parsed = test::parse(withRam().device(5, "timer", payload.data()).end());
  REQUIRE(parsed.error.ok());
  CHECK(parsed.report.sections[1].length == payload.size());
}

TEST_CASE("footers that are missing or of others are errors") {
  StreamBuilder out;
  out.header().startRam().blockList({{"pc.ram", 4096}}).endChunk().partRam().zero(0, "pc.ram");
  StreamBuilder wrong = out;
  wrong.u64(0x10).u8(0x7e).u32(9).lastRam().endChunk().end();
  CHECK(has(test::parse(wrong).error.reason, "lacks its footer"));
  out.u64(0x10).lastRam().endChunk().end();
  CHECK(has(test::parse(out).error.reason, "lacks its footer"));
}

TEST_CASE("live sections other than ram are skipped by their own rules") {
  StreamBuilder out;
  out.header().sectionHead(1, 3, "block", 1).u64((5U << 9U) | 9U).name("ide0");
  out.u64((6U << 9U) | 1U)
      .name("ide0")
      .fill(std::uint64_t{1} << 20U, 0x7e)
      .u64((50U << 9U) | 4U)
      .u64(2)
      .footer(3);
  out.sectionHead(1, 4, "dirty-bitmap", 1).u8(0x1c).name("n").name("b").u32(65536).u8(0);
  out.u8(0x40).u64(0).u32(8).u64(1).u8(3).u8(0x42).u64(0).u32(8).u8(1).footer(4);
  out.sectionHead(1, 5, "spapr/htab", 1).u32(24).footer(5);
  out.sectionHead(1, 6, "s390-storage_attributes", 0)
      .u64(2)
      .u64(3)
      .fill(3, 1)
      .u64(8)
      .u64(1)
      .footer(6);
  out.sectionHead(1, 8, "0000:00:01.0/vfio", 1).u64(0xffffffffef100003).u64(0xffffffffef100004);
  out.u64(2).fill(2, 0).u64(0xffffffffef100001).footer(8);
  out.sectionHead(1, 9, "unheard-of", 1).fill(77, 1).footer(9);
  out.startRam().blockList({{"pc.ram", 4096}}).zero(0, "pc.ram").endChunk();
  out.u8(2).u32(5).u32(0).u32(1).u16(1).u16(0).fill(16, 1).u32(0).u16(0).u16(0).footer(5);
  for (const std::uint32_t id : {3U, 4U, 6U}) {
    out.u8(3).u32(id);
    if (id == 4)
      out.u8(1);
    else
      out.u64(id == 3 ? 2 : 1);
    out.footer(id);
  }
  out.u8(3).u32(5).u32(0xffffffff).footer(5).u8(3).u32(8).u64(0xffffffffef100005).footer(8);
  out.u8(3).u32(9).footer(9).lastRam().endChunk().end();
  const test::Parsed parsed = test::parse(out);
  REQUIRE(parsed.error.reason == "");
  CHECK(parsed.report.completeness == Completeness::complete);
  CHECK(parsed.report.sections.size() == 7);
  CHECK(parsed.report.sections[0].parts == 2);
}

TEST_CASE("parts without a start, after their end, or with ids used twice are errors") {
  CHECK(has(test::parse(withRam().u8(2).u32(77).u64(0x10).end()).error.reason, "never started"));
  CHECK(has(test::parse(withRam().partRam().endChunk().end()).error.reason, "after its end"));
  CHECK(has(test::parse(withRam().device(StreamBuilder::kRam, "x", {}).end()).error.reason,
            "used twice"));
  CHECK(has(test::parse(withRam().sectionHead(1, 50, "ram", 4).end()).error.reason, "second ram"));
  CHECK(has(test::parse(withRam().u8(0x55)).error.reason, "starts no element"));
  StreamBuilder old;
  CHECK(has(test::parse(old.header().sectionHead(1, 2, "ram", 3)).error.reason, "version"));
}

TEST_CASE("a stream without the end of its RAM is a background snapshot only when devices follow") {
  StreamBuilder out;
  out.header()
      .startRam()
      .blockList({{"pc.ram", 4096}})
      .endChunk()
      .partRam()
      .page(0, 1, "pc.ram")
      .endChunk();
  StreamBuilder snapshot = out;
  const test::Parsed parsed = test::parse(snapshot.device(5, "timer", Bytes(24, 0)).end());
  REQUIRE(parsed.error.ok());
  CHECK(parsed.report.completeness == Completeness::backgroundSnapshot);
  CHECK(has(test::parse(out.end()).error.reason, "without the end of its RAM"));
}

TEST_CASE("what stands behind the end is warned of, and another stream there is found") {
  StreamBuilder out = withRam();
  const std::uint64_t at = out.end().size() + 100;
  out.fill(100, 0xee).bytes(withRam().end().data());
  const test::Parsed parsed = test::parse(out);
  REQUIRE(parsed.error.ok());
  REQUIRE(parsed.report.warnings.size() == 2);
  CHECK(parsed.report.warnings[1].offset == at);
}

TEST_CASE("device state alone, as xen-save-devices-state writes it, is a file without RAM") {
  const auto devices = [](StreamBuilder&& head) {
    return head.device(5, "timer", Bytes(24, 0)).device(6, "cpu", Bytes(8, 1));
  };
  const StreamBuilder whole = devices(std::move(StreamBuilder().header())).end();
  const test::Parsed parsed = test::parse(whole);
  REQUIRE(parsed.error.ok());
  CHECK(parsed.report.completeness == Completeness::devicesAlone);
  CHECK(parsed.report.endOffset == whole.size());
  CHECK(parsed.report.sections.size() == 2);
  CHECK(parsed.image.blocks.empty());

  StreamBuilder behind = whole;
  // As in any stream without a description: its last footer is known by the end behind it.
  CHECK(has(test::parse(behind.fill(100, 0xee)).error.reason, "does not end within the file"));

  for (std::uint64_t length = 0; length < whole.size(); ++length) {
    for (const bool salvage : {false, true}) {
      StreamBuilder cut = whole;
      cut.data().resize(length);
      OpenOptions options;
      options.salvage = salvage;
      const test::Parsed part = test::parse(cut, options);
      CHECK_FALSE(part.error.ok());
      CHECK(part.report.completeness == Completeness::incomplete);
    }
  }
}

TEST_CASE("a migration without its RAM is no file of device state") {
  const Bytes timer(24, 0);
  const auto refused = [](const std::vector<Bytes>& files) {
    const test::Parsed parsed = test::parse(files);
    CHECK(parsed.report.completeness == Completeness::incomplete);
    return has(parsed.error.reason, "holds no RAM");
  };
  StreamBuilder configured;
  CHECK(refused({configured.header().machine("pc").device(5, "timer", timer).end().data()}));
  StreamBuilder commanded;
  CHECK(refused({commanded.header().command(1, {}).device(5, "timer", timer).end().data()}));
  StreamBuilder described;
  described.header().device(5, "timer", timer).end();
  CHECK(refused({described.description(kDescription).data()}));
  StreamBuilder live;
  live.header().sectionHead(1, 5, "spapr/htab", 1).u32(24).footer(5);
  live.u8(3).u32(5).u32(0xffffffff).footer(5).device(6, "timer", timer);
  CHECK(refused({live.end().data()}));
  StreamBuilder nothing;
  CHECK(refused({nothing.header().end().data()}));
  StreamBuilder main;
  main.header().device(5, "timer", timer).end();
  CHECK_FALSE(test::parse({main.data(), ChannelBuilder(0).data()}).error.ok());
  StreamBuilder bare;
  bare.withoutFooters().header().device(5, "timer", timer);
  CHECK_FALSE(test::parse(bare.end()).error.ok());
}

TEST_CASE("the configuration is read, and unknown parts of it are passed over") {
  StreamBuilder out;
  out.header().machine("virt-7.2").u8(5).name("configuration/target-page-bits").u32(1).u32(14);
  out.capability("x-ignore-shared").u8(5).name("configuration/uuid").u32(1).fill(16, 0xab);
  out.u8(5).name("configuration/novelty").u32(1).fill(9, 0xff);
  out.pageBytes(16384).startRam().u64(16384 | 4).name("ram").u64(16384).u64(0).endChunk();
  out.partRam().page(0, 4, "ram").endChunk().lastRam().endChunk().end();
  const test::Parsed parsed = test::parse(out);
  REQUIRE(parsed.error.reason == "");
  CHECK(parsed.report.machine == "virt-7.2");
  CHECK(parsed.report.pageBytes == 16384);
  CHECK(parsed.report.pageBytesSource == PageBytesSource::configuration);
  CHECK(parsed.report.uuid == std::string(16, '\xab'));
  CHECK(parsed.report.configuration.size() == 4);
  CHECK(parsed.report.warningsTotal == 1);
}

TEST_CASE("names of any bytes survive into the report") {
  const std::string name = "a\"\\\xff\n";
  const test::Parsed parsed = test::parse(withRam().device(5, name, Bytes(3, 0)).end());
  CHECK(std::ranges::any_of(parsed.report.sections,
                            [&](const SectionReport& section) { return section.name == name; }));
}
