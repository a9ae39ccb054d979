#include "core/stream/ram/record_scanner.h"

#include <algorithm>
#include <cstring>

#include "core/image/zero.h"
#include "core/stream/byte_reader.h"

namespace drover {
namespace {

int compareNames(const char* a, std::size_t aLength, const char* b, std::size_t bLength) noexcept {
  const int order = std::memcmp(a, b, std::min(aLength, bLength));
  if (order != 0) return order;
  return aLength < bLength ? -1 : static_cast<int>(aLength > bLength);
}

// One record's head, read field by field. Each field is read from memory once: others may write
// there.
class Head {
 public:
  Head(const std::uint8_t* at, std::uint64_t left) noexcept : at_(at), left_(left) {}

  [[nodiscard]] bool has(std::uint64_t length) const noexcept { return length <= left_; }
  const std::uint8_t* take(std::uint64_t length) noexcept {
    const std::uint8_t* const field = at_;
    at_ += length;
    left_ -= length;
    return field;
  }

 private:
  const std::uint8_t* at_;
  std::uint64_t left_;
};

enum class Step : std::uint8_t { record, stop };

Step stopAt(Scan& scan, ScanStop stop) noexcept {
  scan.stop = stop;
  return Step::stop;
}

Step bad(Scan& scan, RecordFault fault) noexcept {
  scan.fault = fault;
  return stopAt(scan, ScanStop::bad);
}

Step mark(Scan& scan, ScanStop stop) noexcept {
  if (stop != ScanStop::blockList && (scan.word & ~std::uint64_t{scan.pageBytes - 1}) != 0) {
    return bad(scan, RecordFault::markOffset);
  }
  scan.position += 8;
  return stopAt(scan, stop);
}

// `left` are the bytes at hand; with `last` there are no more.
Step readRecord(Scan& scan, const std::uint8_t* at, std::uint64_t left, bool last) noexcept {
  const auto cut = [&] { return stopAt(scan, last ? ScanStop::cut : ScanStop::windowEnd); };
  Head head(at, left);
  if (!head.has(8)) return cut();
  const auto word = fromBigEndian<std::uint64_t>(head.take(8));
  scan.word = word;
  const auto flags = static_cast<std::uint32_t>(word & (scan.pageBytes - 1));
  const std::uint32_t kind = flags & ~ram_flag::kContinue;
  switch (kind) {
    case ram_flag::kPage:
    case ram_flag::kZero:
    case ram_flag::kXbzrle:
    case ram_flag::kCompress:
      break;
    case ram_flag::kEndOfSection:
    case ram_flag::kBlockList:
    case ram_flag::kFlush:
      if (kind != flags) return bad(scan, RecordFault::flags);
      return mark(scan, kind == ram_flag::kEndOfSection ? ScanStop::endOfSection
                        : kind == ram_flag::kFlush      ? ScanStop::flush
                                                        : ScanStop::blockList);
    default:
      return bad(scan, RecordFault::flags);
  }

  std::uint64_t size = 8;
  const BlockName* block = scan.last;
  if ((flags & ram_flag::kContinue) != 0) {
    if (block == nullptr) return bad(scan, RecordFault::noBlockYet);
  } else {
    if (!head.has(1)) return cut();
    const std::uint8_t length = *head.take(1);
    if (!head.has(length)) return cut();
    const char* const name = reinterpret_cast<const char*>(head.take(length));
    if (block == nullptr || block->nameLength != length ||
        std::memcmp(block->name, name, length) != 0) {
      block = findBlockName(scan.sorted, scan.blockCount, name, length);
      if (block == nullptr) return bad(scan, RecordFault::unknownBlock);
    }
    size += 1U + length;
  }
  const std::uint64_t pageOffset = word - flags;
  // Blocks are whole pages long and the offset is one of a page.
  if (pageOffset >= block->length) return bad(scan, RecordFault::pageOffset);

  PageRecord& record = scan.batch->records[scan.batch->count];
  record = {pageOffset, 0, 0, 0, block->block, RecordKind::page, 0};
  if (kind == ram_flag::kPage) {
    record.at = scan.position + size;
    size += scan.pageBytes;
    if (size <= left) record.zeroes = isZero({at + size - scan.pageBytes, scan.pageBytes});
  } else if (kind == ram_flag::kZero) {
    if (!head.has(1)) return cut();
    record.fill = *head.take(1);
    record.kind = record.fill == 0 ? RecordKind::zero : RecordKind::fill;
    size += 1;
  } else if (kind == ram_flag::kXbzrle) {
    if (!head.has(3)) return cut();
    const std::uint8_t encoding = *head.take(1);
    record.length = fromBigEndian<std::uint16_t>(head.take(2));
    if (encoding != 1 || record.length > scan.pageBytes) return bad(scan, RecordFault::xbzrle);
    record.kind = RecordKind::xbzrle;
    record.at = scan.position + size + 3;
    size += 3U + record.length;
  } else {
    if (!head.has(4)) return cut();
    record.length = fromBigEndian<std::uint32_t>(head.take(4));
    if (record.length > compressedPageLimit(scan.pageBytes)) {
      return bad(scan, RecordFault::compressed);
    }
    record.kind = RecordKind::compress;
    record.at = scan.position + size;
    size += std::uint64_t{4} + record.length;
  }
  if (size > left) return cut();
  record.size = static_cast<std::uint32_t>(size);
  scan.last = block;
  scan.batch->count += 1;
  scan.position += size;
  return Step::record;
}

}  // namespace

const BlockName* findBlockName(const BlockName* sorted, std::size_t count, const char* name,
                               std::size_t length) noexcept {
  std::size_t low = 0;
  while (count > 0) {
    const std::size_t half = count / 2;
    const BlockName& middle = sorted[low + half];
    const int order = compareNames(middle.name, middle.nameLength, name, length);
    if (order == 0) return &middle;
    if (order < 0) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return nullptr;
}

void scanRecords(Scan& scan, const std::uint8_t* window, std::uint64_t length) noexcept {
  const std::uint64_t start = scan.position;
  const bool last = length < kLongestRecord;
  scan.stop = ScanStop::windowEnd;
  while (scan.batch->count < RecordBatch::kCapacity) {
    const std::uint64_t done = scan.position - start;
    if (readRecord(scan, window + done, length - done, last) == Step::stop) return;
  }
}

}  // namespace drover
