// Guest memory as pieces of any length at any address: an ELF core's view of it, cut into pages.
#pragma once

#include <cstdint>
#include <vector>

#include "core/cancel.h"
#include "core/image/ram_image.h"

namespace drover {

// No architecture has more physical address bits; also keeps sums far from 2^64.
inline constexpr std::uint64_t kHighestAddress = std::uint64_t{1} << 52;
// of a dump that does not say its own
inline constexpr std::uint32_t kUsualPage = 4096;

struct Segment {
  std::uint64_t address;
  std::uint64_t length;
  std::uint64_t offset;  // in the file
};

// Sorts, cuts overlaps, and joins what is continuous. The same memory may be listed more than once,
// as long as the file holds the same bytes each time; otherwise the address is in the error's
// offset. `file` holds all segments.
ParseError joinSegments(const InputFile& file, std::vector<Segment>& segments,
                        const CancelFlag& cancel) noexcept;

// Memory as one block from address 0 on. `listed`: what the file says is memory, whether it holds
// it or not, in any order; the block ends where the last of it does. `listsAll`: addresses that are
// not listed are no memory. `segments` as joinSegments leaves them; `file` must outlive the block.
RamBlock segmentBlock(const InputFile& file, std::vector<Segment> segments,
                      std::vector<Segment> listed, bool listsAll, std::uint32_t pageBytes) noexcept;

class SegmentTable final : public PageTable {
 public:
  // `segments` as joinSegments leaves them; `file` must outlive the table.
  SegmentTable(const InputFile& file, std::vector<Segment> segments, std::uint32_t pageBytes,
               std::uint64_t pages) noexcept
      : file_(file), segments_(std::move(segments)), pageBytes_(pageBytes), pages_(pages) {}

  [[nodiscard]] PageRun runAt(std::uint64_t page) const noexcept override;
  // Pages that consist of more than one piece. A page of which the file holds only a part is
  // absent.
  [[nodiscard]] Status unpack(std::uint64_t page,
                              std::span<std::uint8_t> out) const noexcept override;
  [[nodiscard]] std::uint64_t indexBytes() const noexcept override {
    return sizeof *this + segments_.capacity() * sizeof(Segment);
  }

 private:
  // The first segment that ends after the address.
  [[nodiscard]] std::vector<Segment>::const_iterator from(std::uint64_t address) const noexcept;
  // Whether this segment and those right behind it hold everything up to `end`.
  [[nodiscard]] bool holdsTo(std::vector<Segment>::const_iterator segment,
                             std::uint64_t end) const noexcept;

  const InputFile& file_;
  std::vector<Segment> segments_;
  std::uint64_t pageBytes_;
  std::uint64_t pages_;
};

}  // namespace drover
