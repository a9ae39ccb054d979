// The inner loop of reading a stream: finds the page records in a range of a file, and whether the
// pages in it are zero. It runs under the guard of InputFile::visit, so it is a leaf: it fills a
// batch of plain records; the caller applies them.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/stream/ram/inflate_page.h"
#include "core/stream/stream_report.h"

namespace drover {

namespace ram_flag {
inline constexpr std::uint32_t kZero = 0x002;
inline constexpr std::uint32_t kBlockList = 0x004;
inline constexpr std::uint32_t kPage = 0x008;
inline constexpr std::uint32_t kEndOfSection = 0x010;
inline constexpr std::uint32_t kContinue = 0x020;
inline constexpr std::uint32_t kXbzrle = 0x040;
inline constexpr std::uint32_t kCompress = 0x100;
inline constexpr std::uint32_t kFlush = 0x200;
}  // namespace ram_flag

struct PageRecord {
  std::uint64_t pageOffset;  // in its block
  std::uint64_t at;          // page: the data; xbzrle: the delta; compress: its length field
  std::uint32_t size;        // the whole record's
  std::uint32_t length;      // xbzrle: bytes of delta
  std::uint16_t block;
  RecordKind kind;
  std::uint8_t fill;
  bool zeroes = false;  // page: every byte is 0
};

struct RecordBatch {
  static constexpr std::size_t kCapacity = 512;
  std::array<PageRecord, kCapacity> records;
  std::size_t count = 0;
};

// What the scanner needs of a block.
struct BlockName {
  const char* name;
  std::uint64_t length;  // of the block, in bytes
  std::uint16_t block;
  std::uint8_t nameLength;
};

enum class ScanStop : std::uint8_t {
  windowEnd,     // or the batch is full: go on at `position`
  endOfSection,  // `position` is behind the mark
  blockList,     // behind the word
  flush,         // behind the word
  cut,           // the record at `position` does not end within the file
  bad,           // the record at `position` makes no sense: see `fault`
};

enum class RecordFault : std::uint8_t {
  none,
  flags,  // unknown, or two kinds at once
  unknownBlock,
  noBlockYet,  // continues, but nothing was named before
  pageOffset,  // beyond the block
  xbzrle,      // encoding or length
  compressed,  // length
  markOffset,  // an offset where none belongs
};

struct Scan {
  // In.
  const BlockName* sorted = nullptr;  // by name
  std::size_t blockCount = 0;
  std::uint32_t pageBytes = 4096;
  // In and out.
  std::uint64_t position = 0;
  const BlockName* last = nullptr;  // of the records before; outlives chunks
  RecordBatch* batch = nullptr;
  // Out.
  ScanStop stop = ScanStop::windowEnd;
  RecordFault fault = RecordFault::none;
  std::uint64_t word = 0;  // of the record where it stopped
};

// A head (word, name, what a kind has before its data) and a page of 64 KiB, compressed at worst.
inline constexpr std::uint64_t kLongestRecord = 8 + 256 + 4 + compressedPageLimit(65536);

// `window` holds the file's bytes [scan.position, scan.position + length). One that is shorter than
// kLongestRecord reaches to the end of the file, or of the package.
void scanRecords(Scan& scan, const std::uint8_t* window, std::uint64_t length) noexcept;

const BlockName* findBlockName(const BlockName* sorted, std::size_t count, const char* name,
                               std::size_t length) noexcept;

}  // namespace drover
