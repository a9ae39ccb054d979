// The pages of a block in a mapped-ram file: each has its own place, and a bitmap says which are
// present. Without an index: the bitmap in the file is read each time.
#pragma once

#include <cstdint>

#include "core/image/ram_image.h"
#include "core/status.h"
#include "core/stream/parse_stream.h"
#include "core/stream/ram/block_list.h"

namespace drover {

struct BitmapFacts {
  std::uint64_t set = 0;
  bool littleTailClear = true;  // no bits beyond the last page, read either way
  bool bigTailClear = true;
};

// Reads the whole bitmap once. `set` is for `order`, which is not `detect`.
Result<BitmapFacts> examineBitmap(const InputFile& file, std::uint64_t offset, std::uint64_t bits,
                                  BitmapOrder order) noexcept;

class MappedPages final : public PageTable {
 public:
  enum class Trust : std::uint8_t {
    bitmap,
    region,  // the bitmap was never written: the data in the region counts, and its holes are
             // absent
  };

  MappedPages(const InputFile& file, std::uint32_t input, const MappedHeader& header,
              std::uint64_t pages, std::uint32_t pageBytes, BitmapOrder order, Trust trust) noexcept
      : file_(&file),
        header_(header),
        pages_(pages),
        input_(input),
        pageBytes_(pageBytes),
        order_(order),
        trust_(trust) {}

  [[nodiscard]] PageRun runAt(std::uint64_t page) const noexcept override;
  [[nodiscard]] std::uint64_t indexBytes() const noexcept override { return sizeof *this; }

 private:
  [[nodiscard]] PageRun runByBitmap(std::uint64_t page) const noexcept;
  [[nodiscard]] PageRun runByRegion(std::uint64_t page) const noexcept;
  [[nodiscard]] PageRun stored(std::uint64_t page, std::uint64_t count) const noexcept;

  const InputFile* file_;
  MappedHeader header_;
  std::uint64_t pages_;
  std::uint32_t input_;
  std::uint32_t pageBytes_;
  BitmapOrder order_;
  Trust trust_;
};

}  // namespace drover
