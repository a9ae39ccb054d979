#include <doctest/doctest.h>
#if __has_include(<lzo/lzo1x.h>)
#include <lzo/lzo1x.h>
#endif
#if __has_include(<snappy-c.h>)
#include <snappy-c.h>
#endif

#include "core/dump/decompress.h"
#include "tests/dump_files.h"
#include "tests/random.h"

namespace drover {
namespace {

using test::Bytes;
using test::kTestPage;

Bytes randomBytes(test::Random& random, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = random.byte();
  return bytes;
}

TEST_CASE("an ELF core of either class and byte order gives back its segments") {
  test::Random random(31);
  for (const bool wide : {true, false}) {
    for (const bool big : {true, false}) {
      const Bytes low = randomBytes(random, 3 * kTestPage);
      const Bytes high = randomBytes(random, 4096);
      const OpenedImage opened = test::openBytes(
          test::elfCore({{0x8000, high, 2 * kTestPage}, {0, low, 3 * kTestPage}}, wide, big));
      REQUIRE(opened.error.reason == "");
      CHECK(opened.format == Format::elf);
      const RamBlock& block = opened.image.blocks[0];
      CHECK(block.length == 0xa000);
      Bytes wanted(0xa000);
      test::putBytes(wanted, 0, low);
      test::putBytes(wanted, 0x8000, high);
      CHECK(test::contentOf(opened, 0xa000) == wanted);
      CHECK(block.table->runAt(0).kind == PageKind::stored);
      CHECK(block.table->runAt(0).pages == 3);
      CHECK(block.table->runAt(3).kind == PageKind::absent);
      CHECK(block.table->runAt(3).pages == 5);
      // Longer in memory than in the file: nobody knows what was there.
      CHECK(block.table->runAt(9).kind == PageKind::absent);
    }
  }
}

TEST_CASE("pages that an ELF core covers in pieces are put together") {
  test::Random random(32);
  const Bytes first = randomBytes(random, 5000);
  const Bytes second = randomBytes(random, 4000);
  const OpenedImage opened =
      test::openBytes(test::elfCore({{5100, second, 5000}, {100, first, 5000}}));
  REQUIRE(opened.error.reason == "");
  // The second page: its rest is in the second segment. Of the others the file holds a part.
  Bytes wanted(3 * kTestPage);
  std::copy(first.begin() + 3996, first.end(), wanted.begin() + kTestPage);
  std::copy(second.begin(), second.begin() + 3092, wanted.begin() + 5100);
  CHECK(test::contentOf(opened, 3 * kTestPage) == wanted);
  const PageTable& table = *opened.image.blocks[0].table;
  CHECK(table.runAt(1).kind == PageKind::packed);
}

TEST_CASE("memory that is listed twice must be the same memory") {
  const Bytes page(4096, 7);
  const Bytes other(4096, 8);
  CHECK_FALSE(test::openBytes(test::elfCore({{0, page, 4096}, {0, other, 4096}})).error.ok());
  Bytes twice = test::elfCore({{0, page, 4096}, {0, page, 4096}});
  CHECK(test::openBytes(twice).error.reason == "");
  // The second header now points to the first one's data, as with paging.
  std::copy_n(twice.begin() + 0xc0 + 56, 56, twice.begin() + 0xc0 + 112);
  CHECK(test::openBytes(twice).error.reason == "");
}

TEST_CASE("segments that overlap open when they agree where the file holds both") {
  test::Random random(38);
  const Bytes all = randomBytes(random, 8 * kTestPage);
  const auto part = [&](std::size_t from, std::size_t to) {
    return Bytes(all.begin() + static_cast<std::ptrdiff_t>(from * kTestPage),
                 all.begin() + static_cast<std::ptrdiff_t>(to * kTestPage));
  };
  const auto opened = test::openBytes(test::elfCore({{0, part(0, 3), 9 * kTestPage},
                                                     {kTestPage, part(1, 8), 7 * kTestPage},
                                                     {2 * kTestPage, part(2, 5), 3 * kTestPage}}));
  REQUIRE(opened.error.reason == "");
  CHECK(test::contentOf(opened, 8 * kTestPage) == all);
  CHECK(opened.image.blocks[0].table->runAt(8).kind == PageKind::absent);
  Bytes other = part(2, 5);
  other.back() ^= 1;
  CHECK_FALSE(test::openBytes(test::elfCore({{0, part(0, 3), 3 * kTestPage},
                                             {kTestPage, part(1, 8), 7 * kTestPage},
                                             {2 * kTestPage, other, 3 * kTestPage}}))
                  .error.ok());
}

TEST_CASE("an ELF core cut short anywhere is refused or holds what it held") {
  test::Random random(33);
  const Bytes data = randomBytes(random, 2 * kTestPage);
  const Bytes whole = test::elfCore({{0, data, data.size()}, {0x10000, data, 0x4000}});
  for (std::size_t length = 0; length < whole.size(); length += 1 + random.upTo(40)) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    OpenOptions options;
    options.format = Format::elf;
    const OpenedImage opened = test::openBytes(cut, options);
    CAPTURE(length);
    CHECK_FALSE(opened.error.ok());
  }
}

TEST_CASE("absurd ELF segments are refused before anything is read") {
  const Bytes page(4096, 7);
  const auto with = [&](std::size_t at, std::uint64_t value) {
    Bytes file = test::elfCore({{0, page, 4096}});
    test::putNumber(file, 0xc0 + 56 + at, value, 8);
    return test::openBytes(file).error;
  };
  CHECK_FALSE(with(8, ~std::uint64_t{0} - 100).ok());  // offset
  CHECK_FALSE(with(24, std::uint64_t{1} << 63).ok());  // address
  CHECK_FALSE(with(32, ~std::uint64_t{0}).ok());       // size in the file
  CHECK_FALSE(with(40, ~std::uint64_t{0}).ok());       // size in memory
  CHECK_FALSE(with(40, 100).ok());                     // more in the file than in memory
}

std::vector<test::KdumpPage> somePages(const Bytes& page) {
  return {{2, 0, page}, {3, 1, test::zlibPacked(page)}, {9, 0x20, test::zstdPacked(page)}};
}

void checkKdump(const OpenedImage& opened, const Bytes& page) {
  REQUIRE(opened.error.reason == "");
  CHECK(opened.format == Format::kdump);
  const PageTable& table = *opened.image.blocks[0].table;
  Bytes wanted(12 * kTestPage);
  for (const std::size_t number : {2, 3, 9}) test::putBytes(wanted, number * kTestPage, page);
  CHECK(test::contentOf(opened, 12 * kTestPage) == wanted);
  CHECK(table.runAt(0).kind == PageKind::absent);
  CHECK(table.runAt(0).pages == 2);
  CHECK(table.runAt(4).kind == PageKind::zero);
  CHECK(table.runAt(11).kind == PageKind::absent);
}

TEST_CASE("a kdump gives back plain, compressed, zero and absent pages") {
  test::Random random(34);
  const Bytes page = randomBytes(random, 4096);
  for (const bool big : {false, true}) {
    const Bytes file = test::kdump(12, somePages(page), {4, 5}, big);
    checkKdump(test::openBytes(file), page);
  }
}

// Half noise and half pattern, so that it gets smaller but not trivial. Unused where neither
// library is at hand.
[[maybe_unused]] Bytes halfNoise() {
  test::Random random(37);
  Bytes page = randomBytes(random, kTestPage);
  std::fill_n(page.begin(), kTestPage / 2, std::uint8_t{0x5a});
  return page;
}

#if __has_include(<lzo/lzo1x.h>)
TEST_CASE("pages compressed with lzo come back, and a broken one is an error" *
          doctest::skip(!canDecompress(PageCoding::lzo))) {
  const Bytes page = halfNoise();
  Bytes packed(2 * kTestPage);
  std::vector<lzo_align_t> work(LZO1X_1_MEM_COMPRESS / sizeof(lzo_align_t) + 1);
  lzo_uint length = packed.size();
  REQUIRE(::lzo1x_1_compress(page.data(), page.size(), packed.data(), &length, work.data()) ==
          LZO_E_OK);
  packed.resize(length);
  Bytes out(kTestPage);
  CHECK(decompress(PageCoding::lzo, packed, out));
  CHECK(out == page);
  CHECK_FALSE(decompress(PageCoding::lzo, std::span(packed).first(length - 3), out));
  CHECK_FALSE(decompress(PageCoding::lzo, packed, std::span(out).first(100)));
}
#endif

#if __has_include(<snappy-c.h>)
TEST_CASE("pages compressed with snappy come back, and a broken one is an error" *
          doctest::skip(!canDecompress(PageCoding::snappy))) {
  const Bytes page = halfNoise();
  std::size_t length = ::snappy_max_compressed_length(page.size());
  Bytes packed(length);
  REQUIRE(::snappy_compress(reinterpret_cast<const char*>(page.data()), page.size(),
                            reinterpret_cast<char*>(packed.data()), &length) == SNAPPY_OK);
  packed.resize(length);
  Bytes out(kTestPage);
  CHECK(decompress(PageCoding::snappy, packed, out));
  CHECK(out == page);
  CHECK_FALSE(decompress(PageCoding::snappy, std::span(packed).first(length - 3), out));
  CHECK_FALSE(decompress(PageCoding::snappy, packed, std::span(out).first(100)));
}
#endif

TEST_CASE("a flattened kdump in any order and with overlaps is the plain one") {
  test::Random random(35);
  const Bytes page = randomBytes(random, 4096);
  const Bytes plain = test::kdump(12, somePages(page), {4, 5});
  for (int turn = 0; turn < 30; ++turn) {
    std::vector<test::FlatRecord> records;
    const auto piece = [&](std::size_t from, std::size_t to) {
      return Bytes(plain.begin() + static_cast<std::ptrdiff_t>(from),
                   plain.begin() + static_cast<std::ptrdiff_t>(to));
    };
    // Rubbish first, which what comes later must cover.
    for (int i = 0; i < 5; ++i) {
      const std::size_t from = random.upTo(plain.size() - 2);
      records.push_back({from, Bytes(1 + random.upTo(plain.size() - from - 1), 0xee)});
    }
    std::vector<std::size_t> cuts{0, plain.size()};
    for (int i = 0; i < 8; ++i) cuts.push_back(random.upTo(plain.size()));
    std::sort(cuts.begin(), cuts.end());
    std::vector<test::FlatRecord> sound;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      if (cuts[i] < cuts[i + 1]) sound.push_back({cuts[i], piece(cuts[i], cuts[i + 1])});
    }
    while (!sound.empty()) {
      const std::size_t which = random.upTo(sound.size() - 1);
      records.push_back(sound[which]);
      sound.erase(sound.begin() + static_cast<std::ptrdiff_t>(which));
    }
    checkKdump(test::openBytes(test::flattened(records)), page);
  }
}

TEST_CASE("a kdump cut short anywhere is refused") {
  test::Random random(36);
  const Bytes page = randomBytes(random, 4096);
  const Bytes plain = test::kdump(12, somePages(page), {4, 5});
  for (const Bytes& whole : {plain, test::flattened({{0, plain}})}) {
    for (std::size_t length = 16; length < whole.size(); length += 1 + random.upTo(200)) {
      OpenOptions options;
      options.format = Format::kdump;
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      CAPTURE(length);
      CHECK_FALSE(test::openBytes(cut, options).error.ok());
    }
  }
}

TEST_CASE("a compressed page that is too long, too short or broken is an error with its offset") {
  const Bytes page(4096, 7);
  for (const Bytes& content : {Bytes(8192, 7), Bytes(100, 7)}) {
    const OpenedImage opened =
        test::openBytes(test::kdump(12, {{2, 1, test::zlibPacked(content)}}, {}));
    REQUIRE(opened.error.reason == "");
    Bytes out(4096);
    const Status status = opened.image.read(opened.image.blocks[0], 2 * kTestPage, out);
    CHECK(status.fault == Fault::badData);
    CHECK(status.address != Status::kNoAddress);
  }
  CHECK_FALSE(test::openBytes(test::kdump(12, {{2, 0x40, page}}, {})).error.ok());
  CHECK_FALSE(test::openBytes(test::kdump(12, {{2, 1, Bytes(20000, 1)}}, {})).error.ok());
  CHECK_FALSE(test::openBytes(test::kdump(std::uint64_t{1} << 60, {{2, 0, page}}, {})).error.ok());
  CHECK_FALSE(test::openBytes(test::kdump(0, {}, {})).error.ok());
}

TEST_CASE("a raw file with holes reads as zero there, and its size must be whole pages") {
  Descriptor file = Descriptor::own(::memfd_create("drover-test", MFD_CLOEXEC));
  REQUIRE(::ftruncate(file.get(), std::int64_t{1} << 34) == 0);
  REQUIRE(::pwrite(file.get(), "x", 1, (std::int64_t{1} << 33) + 5) == 1);
  std::vector<InputFile> inputs;
  inputs.push_back(std::move(InputFile::open(std::move(file)).value));
  const CancelFlag never;
  const OpenedImage opened = openImage(std::move(inputs), {}, never);
  REQUIRE(opened.error.reason == "");
  const RamBlock& block = opened.image.blocks[0];
  CHECK(block.table->runAt(0).kind == PageKind::zero);
  CHECK(block.table->runAt(0).pages == 1U << 21);
  CHECK(block.table->runAt(1U << 21).kind == PageKind::stored);
  CHECK(block.table->indexBytes() < 1000);
  const OpenedImage cut = test::openBytes(Bytes(4097, 1));
  CHECK(cut.error.offset == 4096);
  CHECK_FALSE(cut.error.ok());
  CHECK_FALSE(test::openBytes({}).error.ok());
}

TEST_CASE("formats that cannot be read are named, with what to do") {
  using namespace std::string_view_literals;
  for (const auto& [head, word] : std::initializer_list<std::pair<std::string_view, const char*>>{
           {"\x1f\x8b\x08\0"sv, "gzip -d"},
           {"QFI\xfb\0\0\0\3"sv, "qcow2"},
           {"LibvirtQemudSave"sv, "libvirt"},
           {"QEVM\0\0\0\2"sv, "version 2"},
           {"\x11\x22\x33\x44\0\0\0\1"sv, "main stream"}}) {
    Bytes file(head.begin(), head.end());
    file.resize(4096);
    const OpenedImage opened = test::openBytes(file);
    CHECK(opened.error.unsupported);
    CHECK(opened.error.reason.find(word) != std::string::npos);
  }
}

}  // namespace
}  // namespace drover
