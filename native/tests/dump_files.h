// Dumps for tests, built from the formats' descriptions.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <string_view>

#include "tests/image_files.h"

namespace drover::test {

struct ElfSegment {
  std::uint64_t address;
  Bytes data;
  std::uint64_t memoryBytes;  // at least data.size()
  std::uint64_t virtualAddress = 0;
};

// As QEMU writes them: a wrong header size, section header first, data off any alignment.
inline Bytes elfCore(const std::vector<ElfSegment>& segments, bool wide = true, bool big = false) {
  Bytes out{0x7f,
            'E',
            'L',
            'F',
            static_cast<std::uint8_t>(wide ? 2 : 1),
            static_cast<std::uint8_t>(big ? 2 : 1),
            1};
  const std::size_t entry = wide ? 56 : 32;
  const std::size_t table = 0xc0;
  const auto put = [&](std::size_t at, std::uint64_t value, std::size_t width) {
    putNumber(out, at, value, width, big);
  };
  put(16, 4, 2);
  put(wide ? 32 : 28, table, wide ? 8 : 4);
  put(wide ? 52 : 40, 8, 2);
  put(wide ? 54 : 42, entry, 2);
  put(wide ? 56 : 44, segments.size() + 1, 2);
  put(table, 4, 4);  // a note, of no interest
  out.resize(table + entry * (segments.size() + 1) + 7);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const ElfSegment& segment = segments[i];
    const std::size_t at = table + entry * (i + 1);
    const std::size_t width = wide ? 8 : 4;
    put(at, 1, 4);
    put(at + (wide ? 8 : 4), out.size(), width);
    put(at + (wide ? 16 : 8), segment.virtualAddress, width);
    put(at + (wide ? 24 : 12), segment.address, width);
    put(at + (wide ? 32 : 16), segment.data.size(), width);
    put(at + (wide ? 40 : 20), segment.memoryBytes, width);
    putBytes(out, out.size(), segment.data);
  }
  return out;
}

struct KdumpPage {
  std::uint64_t number;
  std::uint32_t flags;
  Bytes stored;
};

// Version 6, 64 bits, pages of 4096 bytes; the shared zero page comes first behind the descriptors.
// Pages that are left out are memory by the first bitmap alone.
inline Bytes kdump(std::uint64_t pages, const std::vector<KdumpPage>& present,
                   const std::vector<std::uint64_t>& zero, bool big = false,
                   const std::vector<std::uint64_t>& leftOut = {}) {
  constexpr std::size_t kBlock = 4096;
  Bytes out{'K', 'D', 'U', 'M', 'P', ' ', ' ', ' '};
  const auto put = [&](std::size_t at, std::uint64_t value, std::size_t width) {
    putNumber(out, at, value, width, big);
  };
  put(8, 6, 4);
  put(424, 1, 4);
  put(428, kBlock, 4);
  put(432, 1, 4);
  put(436, 2, 4);
  put(440, pages, 4);
  put(kBlock + 96, pages, 8);
  const std::size_t bitmap = 3 * kBlock;
  const std::size_t descriptors = 4 * kBlock;
  out.resize(descriptors);
  std::size_t data = descriptors + 24 * (present.size() + zero.size());
  const std::size_t zeroPage = data;
  out.resize(data + kBlock);
  data += kBlock;
  const auto mark = [&](std::size_t from, std::uint64_t number) {
    out[from + number / 8] |= static_cast<std::uint8_t>(1U << (number % 8));
  };
  for (const std::uint64_t number : leftOut) mark(bitmap - kBlock, number);
  std::size_t nextPresent = 0;
  std::size_t nextZero = 0;
  for (std::size_t rank = 0; rank < present.size() + zero.size(); ++rank) {
    const bool isZero = nextPresent == present.size() ||
                        (nextZero < zero.size() && zero[nextZero] < present[nextPresent].number);
    const std::uint64_t number = isZero ? zero[nextZero++] : present[nextPresent].number;
    mark(bitmap - kBlock, number);
    mark(bitmap, number);
    const std::size_t at = descriptors + 24 * rank;
    if (isZero) {
      put(at, zeroPage, 8);
      put(at + 8, kBlock, 4);
      continue;
    }
    const KdumpPage& page = present[nextPresent++];
    put(at, data, 8);
    put(at + 8, page.stored.size(), 4);
    put(at + 12, page.flags, 4);
    putBytes(out, data, page.stored);
    data += page.stored.size();
  }
  return out;
}

struct FlatRecord {
  std::uint64_t offset;
  Bytes data;
};

inline Bytes flattened(const std::vector<FlatRecord>& records) {
  Bytes out{'m', 'a', 'k', 'e', 'd', 'u', 'm', 'p', 'f', 'i', 'l', 'e'};
  putNumber(out, 16, 1, 8, true);
  putNumber(out, 24, 1, 8, true);
  out.resize(4096);
  for (const FlatRecord& record : records) {
    putNumber(out, out.size(), record.offset, 8, true);
    putNumber(out, out.size(), record.data.size(), 8, true);
    putBytes(out, out.size(), record.data);
  }
  putNumber(out, out.size(), ~std::uint64_t{0}, 8, true);
  putNumber(out, out.size(), ~std::uint64_t{0}, 8, true);
  return out;
}

struct WinRun {
  std::uint64_t firstPage;
  Bytes data;  // whole pages
};

// A full Windows crash dump (type 1). What else Windows has in the header is left zero.
inline Bytes winDump(const std::vector<WinRun>& runs, bool wide = true) {
  const std::size_t word = wide ? 8 : 4;
  const std::size_t block = wide ? 0x88 : 0x64;
  Bytes out{'P', 'A', 'G', 'E', 'D', 'U'};
  putBytes(out, 6, wide ? Bytes{'6', '4'} : Bytes{'M', 'P'});
  out.resize(wide ? 0x2000 : 0x1000);
  putNumber(out, wide ? 0xf98 : 0xf88, 1, 4);
  putNumber(out, block, runs.size(), 4);
  std::uint64_t pages = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::size_t at = block + (i + 1) * 2 * word;
    putNumber(out, at, runs[i].firstPage, word);
    putNumber(out, at + word, runs[i].data.size() / 4096, word);
    pages += runs[i].data.size() / 4096;
    putBytes(out, out.size(), runs[i].data);
  }
  putNumber(out, block + word, pages, word);
  return out;
}

struct LimeRange {
  std::uint64_t address;
  Bytes data;
};

inline Bytes limeFile(const std::vector<LimeRange>& ranges) {
  Bytes out;
  for (const LimeRange& range : ranges) {
    const std::size_t at = out.size();
    putBytes(out, at, Bytes{'E', 'M', 'i', 'L', 1, 0, 0, 0});
    putNumber(out, at + 8, range.address, 8);
    putNumber(out, at + 16, range.address + range.data.size() - 1, 8);
    putNumber(out, at + 24, 0, 8);
    putBytes(out, at + 32, range.data);
  }
  return out;
}

inline Bytes zlibPacked(const Bytes& page) {
  uLongf length = ::compressBound(page.size());
  Bytes out(length);
  ::compress(out.data(), &length, page.data(), page.size());
  out.resize(length);
  return out;
}

inline Bytes zstdPacked(const Bytes& page) {
  Bytes out(::ZSTD_compressBound(page.size()));
  out.resize(::ZSTD_compress(out.data(), out.size(), page.data(), page.size(), 1));
  return out;
}

}  // namespace drover::test
