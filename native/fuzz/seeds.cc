// Writes seeds for the fuzzers: small streams with everything that the parser knows, and reduced
// ones of real migrations.
//
//   fuzz-seeds SEEDS SAMPLE...     samples unpacked: streams and dumps in any mixture
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>

#include "fuzz/dump_seeds.h"
#include "fuzz/reduce_stream.h"
#include "tests/mapped_stream.h"
#include "tests/stream_builder.h"

using drover::test::Bytes;
using drover::test::ChannelBuilder;
using drover::test::StreamBuilder;

namespace {

std::filesystem::path root;

void save(const char* fuzzer, const std::string& name, const Bytes& bytes, int options = -1) {
  std::filesystem::create_directories(root / fuzzer);
  std::ofstream out(root / fuzzer / name, std::ios::binary);
  if (options >= 0) out.put(static_cast<char>(options));
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
}

Bytes deflated(const Bytes& page) {
  Bytes out(compressBound(page.size()));
  uLongf length = out.size();
  compress(out.data(), &length, page.data(), page.size());
  out.resize(length);
  return out;
}

StreamBuilder head() {
  StreamBuilder out;
  out.header().machine("pc").startRam().blockList({{"pc.ram", 8 * 4096}, {"rom", 4096}});
  return out.endChunk().partRam();
}

StreamBuilder tail(StreamBuilder out) {
  out.endChunk().lastRam().endChunk().device(7, "timer", Bytes(24, 0));
  return out.end().description(
      R"({"page_size":4096,"devices":[{"name":"timer","instance_id":0,"fields":[{"size":8,"array_len":3}]}]})");
}

void plainSeeds() {
  const Bytes packed = deflated(Bytes(4096, 5));
  save("stream", "kinds",
       tail(head()
                .page(0, 1, "pc.ram")
                .zero(1)
                .zero(2, {}, 9)
                .delta(0, {1, 2, 8, 8})
                .word(3, 0x100, {})
                .u32(packed.size())
                .bytes(packed)
                .zero(0, "rom"))
           .data(),
       0);
  save("stream", "salvage", tail(head().page(0, 1, "pc.ram").u64(0x77)).data(), 1);
  StreamBuilder postcopy;
  postcopy.header().machine("pc").command(1, {}).command(2, {0, 0, 0, 1});
  postcopy.command(3, {0, 0, 0, 0, 0, 0x20, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 0});
  postcopy.startRam().u64(8 * 4096 | 4).name("pc.ram").u64(8 * 4096).u64(0x200000).endChunk();
  postcopy.partRam().page(0, 1, "pc.ram").page(1, 1).endChunk();
  StreamBuilder discard;
  discard.u8(0).name("pc.ram").u8(0).u64(0).u64(4096);
  postcopy.command(6, discard.data());
  StreamBuilder inner;
  inner.command(4, {}).device(9, "cpu", Bytes(8, 1)).command(5, {});
  StreamBuilder length;
  length.u32(inner.size());
  postcopy.command(7, length.data()).bytes(inner.data());
  postcopy.partRam().page(0, 2, "pc.ram").endChunk().lastRam().endChunk().end();
  save("stream", "postcopy", postcopy.data(), 0);

  StreamBuilder live;
  live.header()
      .sectionHead(1, 3, "block", 1)
      .u64((5U << 9U) | 9U)
      .name("ide0")
      .u64(4)
      .u64(2)
      .footer(3);
  live.sectionHead(1, 4, "dirty-bitmap", 1).u8(0x1c).name("n").name("b").u32(65536).u8(0);
  live.u8(0x40).u64(0).u32(8).u64(1).u8(3).u8(1).footer(4);
  live.sectionHead(1, 5, "spapr/htab", 1)
      .u32(24)
      .footer(5)
      .u8(3)
      .u32(5)
      .u32(0)
      .u32(1)
      .u16(1)
      .u16(0);
  live.fill(16, 1).u32(0).u16(0).u16(0).footer(5);
  live.sectionHead(1, 6, "s390-storage_attributes", 0)
      .u64(2)
      .u64(3)
      .fill(3, 1)
      .u64(8)
      .u64(1)
      .footer(6);
  live.sectionHead(1, 8, "0000:00:01.0/vfio", 1).u64(0xffffffffef100003).u64(0xffffffffef100004);
  live.u64(2).fill(2, 0).u64(0xffffffffef100001).footer(8);
  live.startRam()
      .blockList({{"pc.ram", 4096}})
      .zero(0, "pc.ram")
      .endChunk()
      .lastRam()
      .endChunk()
      .end();
  save("stream", "live", live.data(), 0);
}

void mappedSeeds() {
  using drover::test::MappedBlock;
  const std::vector<MappedBlock> blocks{{"pc.ram", {1, -1, 3, -1, 5}, false}, {"rom", {7}, false}};
  const std::size_t given = StreamBuilder().header().machine("pc").capability("mapped-ram").size();
  Bytes whole = drover::test::wholeMapped(blocks).data();
  // The fuzzer writes the head itself, with a shorter machine name: keep absolute offsets right.
  const std::size_t own =
      StreamBuilder().header().machine("pc-i440fx-10.2").capability("mapped-ram").size();
  whole.erase(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(own));
  save("mapped-ram", "shifted", whole, 0);
  StreamBuilder exact;
  exact.fill(given, 0).startRam().u64(4 * 4096 | 4).name("a").u64(4 * 4096).u32(1).u64(4096);
  exact.u64(exact.size() + 16).u64(4096).fill(8, 5).alignTo(4096).fill(std::uint64_t{4} * 4096, 1);
  exact.endChunk().lastRam().endChunk().end();
  save("mapped-ram", "exact",
       {exact.data().begin() + static_cast<std::ptrdiff_t>(given), exact.data().end()}, 0);
  save("mapped-ram", "salvage",
       {exact.data().begin() + static_cast<std::ptrdiff_t>(given), exact.data().end() - 18}, 1);
}

Bytes joined(std::initializer_list<Bytes> files) {
  Bytes out;
  for (const Bytes& file : files) {
    for (unsigned shift = 0; shift < 24; shift += 8) {
      out.push_back(static_cast<std::uint8_t>(file.size() >> shift));
    }
    out.insert(out.end(), file.begin(), file.end());
  }
  return out;
}

void channelSeeds() {
  StreamBuilder main = head();
  main.flush().endChunk().lastRam().flush().endChunk().end();
  ChannelBuilder plain(0);
  plain.packet({.normal = {0, 1}, .zero = {2}, .payload = Bytes(8192, 4), .number = 0}).sync(1);
  plain.packet({.normal = {1}, .zero = {}, .payload = Bytes(4096, 5), .number = 2}).sync(3);
  save("multifd", "none", joined({main.data(), plain.data()}), 0);
  z_stream stream{};
  deflateInit(&stream, 1);
  const auto packed = [&](Bytes pages) {
    Bytes out(pages.size() + 100);
    stream.next_in = pages.data();
    stream.avail_in = static_cast<uInt>(pages.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_SYNC_FLUSH);
    out.resize(out.size() - stream.avail_out);
    return out;
  };
  ChannelBuilder zlib(0);
  zlib.packet({.flags = 2,
               .normal = {0, 1},
               .zero = {},
               .payload = packed(Bytes(8192, 4)),
               .number = 0})
      .sync(1);
  zlib.packet(
      {.flags = 3, .normal = {1}, .zero = {}, .payload = packed(Bytes(4096, 5)), .number = 2});
  deflateEnd(&stream);
  save("multifd", "zlib", joined({zlib.data(), main.data()}), 0);
  ZSTD_CCtx* const zstdStream = ZSTD_createCCtx();
  const auto squeezed = [&](const Bytes& pages) {
    Bytes out(ZSTD_compressBound(pages.size()) + 100);
    ZSTD_inBuffer from{pages.data(), pages.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    ZSTD_compressStream2(zstdStream, &to, &from, ZSTD_e_flush);
    return Bytes(out.data(), out.data() + to.pos);
  };
  ChannelBuilder zstd(0);
  zstd.packet({.flags = 4, .normal = {0, 1}, .zero = {3}, .payload = squeezed(Bytes(8192, 4))});
  zstd.sync(1).packet({.flags = 5, .normal = {1}, .zero = {}, .payload = squeezed(Bytes(4096, 5))});
  ZSTD_freeCCtx(zstdStream);
  save("multifd", "zstd", joined({main.data(), zstd.data()}), 0);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "fuzz-seeds SEEDS SAMPLE...\n");
    return 2;
  }
  root = arguments[1];
  plainSeeds();
  mappedSeeds();
  channelSeeds();
  drover::fuzz::dumpSeeds([](const std::string& name, const Bytes& file) {
    save("dumps", name, file, name == "raw" ? 3 : 0);
  });
  save("xbzrle", "runs", {0, 2, 1, 2, 0x80, 0x01, 1, 9});
  save("description", "one", {'{', '}'});
  for (int i = 2; i < count; ++i) {
    const std::filesystem::path path = arguments[i];
    const std::string name = path.filename().string();
    const Bytes reduced = drover::fuzz::reduceStream(path.string());
    if (!reduced.empty()) {
      save("stream", name, reduced, 0);
      save("multifd", name, joined({reduced}), 0);
      save("description", name, drover::fuzz::descriptionOf(path.string()));
    } else if (name.find("dump") != std::string::npos) {
      // The head holds everything that is parsed; what it points to may be missing.
      std::ifstream in(path, std::ios::binary);
      Bytes bytes(65536);
      in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      bytes.resize(static_cast<std::size_t>(in.gcount()));
      save("dumps", name, bytes, 0);
    }
  }
  return 0;
}
