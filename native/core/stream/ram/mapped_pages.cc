#include "core/stream/ram/mapped_pages.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/stream/byte_reader.h"

namespace drover {
namespace {

constexpr std::uint64_t kWordBits = 64;
// Bytes of bitmap read at once: 512 Ki pages.
constexpr std::uint64_t kPieceBytes = 65536;

// Bit i of the result is page i of the word, in whichever order the source host wrote its words.
std::uint64_t pagesOf(std::uint64_t bigEndian, BitmapOrder order) noexcept {
  return order == BitmapOrder::bigEndian ? bigEndian : __builtin_bswap64(bigEndian);
}

// The 8 bytes of word `index`; a bitmap that ends early (it is only as long as its bits need when
// read as bytes) reads as zeroes.
std::uint64_t wordAt(const std::uint8_t* bytes, std::uint64_t length) noexcept {
  std::uint8_t word[8] = {};
  std::memcpy(word, bytes, std::min<std::uint64_t>(8, length));
  return fromBigEndian<std::uint64_t>(word);
}

std::uint64_t bytesOf(const InputFile& file, std::uint64_t offset, std::uint64_t bits) noexcept {
  const std::uint64_t wanted = (bits + kWordBits - 1) / kWordBits * 8;
  return std::min(wanted, file.size() - std::min(file.size(), offset));
}

}  // namespace

Result<BitmapFacts> examineBitmap(const InputFile& file, std::uint64_t offset, std::uint64_t bits,
                                  BitmapOrder order) noexcept {
  BitmapFacts facts;
  const std::uint64_t total = bytesOf(file, offset, bits);
  for (std::uint64_t at = 0; at < total; at += kPieceBytes) {
    const std::uint64_t length = std::min(kPieceBytes, total - at);
    const Status status = file.visit(offset + at, length, [&](const std::uint8_t* bytes) noexcept {
      for (std::uint64_t i = 0; i < length; i += 8) {
        const std::uint64_t raw = wordAt(bytes + i, length - i);
        if (raw == 0) continue;
        const std::uint64_t firstBit = (at + i) * 8;
        const std::uint64_t valid = bits - firstBit;
        const std::uint64_t tail = valid >= kWordBits ? 0 : ~std::uint64_t{0} << valid;
        if ((pagesOf(raw, BitmapOrder::littleEndian) & tail) != 0) facts.littleTailClear = false;
        if ((pagesOf(raw, BitmapOrder::bigEndian) & tail) != 0) facts.bigTailClear = false;
        const std::uint64_t pages = pagesOf(raw, order) & ~tail;
        facts.set += static_cast<std::uint64_t>(std::popcount(pages));
      }
    });
    if (!status.ok()) return Result<BitmapFacts>::failed(status);
  }
  return Result<BitmapFacts>::of(facts);
}

PageRun MappedPages::runAt(std::uint64_t page) const noexcept {
  return trust_ == Trust::bitmap ? runByBitmap(page) : runByRegion(page);
}

PageRun MappedPages::stored(std::uint64_t page, std::uint64_t count) const noexcept {
  return {count, PageKind::stored, 0, input_, header_.pagesOffset + page * pageBytes_, pageBytes_};
}

// Runs end at the edge of a piece at the latest, so that a call has a bounded cost.
PageRun MappedPages::runByBitmap(std::uint64_t page) const noexcept {
  const std::uint64_t total = bytesOf(*file_, header_.bitmapOffset, pages_);
  const std::uint64_t first = page / kWordBits * 8;
  if (first >= total) return {pages_ - page, PageKind::absent, 0, 0, 0, 0};
  const std::uint64_t length = std::min(kPieceBytes, total - first);
  bool present = false;
  std::uint64_t end = page;  // of the run
  const Status status =
      file_->visit(header_.bitmapOffset + first, length, [&](const std::uint8_t* bytes) noexcept {
        std::uint64_t word = pagesOf(wordAt(bytes, length), order_);
        present = ((word >> (page % kWordBits)) & 1U) != 0;
        std::uint64_t bit = page % kWordBits;
        for (std::uint64_t i = 0; i < length; i += 8, bit = 0) {
          word = pagesOf(wordAt(bytes + i, length - i), order_);
          const std::uint64_t differing = (present ? ~word : word) >> bit;
          if (differing != 0) {
            end += static_cast<std::uint64_t>(std::countr_zero(differing));
            return;
          }
          end += kWordBits - bit;
        }
      });
  // The bitmap was cut off since it was examined: nothing is known any more.
  if (!status.ok()) return {pages_ - page, PageKind::absent, 0, 0, 0, 0};
  const std::uint64_t count = std::min(end, pages_) - page;
  return present ? stored(page, count) : PageRun{count, PageKind::zero, 0, 0, 0, 0};
}

PageRun MappedPages::runByRegion(std::uint64_t page) const noexcept {
  const std::uint64_t at = header_.pagesOffset + page * pageBytes_;
  const std::uint64_t data = file_->nextData(at);
  if (data >= at + pageBytes_) {
    const std::uint64_t count = (data - at) / pageBytes_;
    return {std::min(count, pages_ - page), PageKind::absent, 0, 0, 0, 0};
  }
  const std::uint64_t hole = file_->nextHole(data);
  const std::uint64_t count = std::max<std::uint64_t>(1, (hole - at + pageBytes_ - 1) / pageBytes_);
  return stored(page, std::min(count, pages_ - page));
}

}  // namespace drover
