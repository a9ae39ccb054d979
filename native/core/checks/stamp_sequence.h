// The present stamps of a slice, numbered from 0 on, and the absent pages. A check then works on
// plain numbers, without holes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/cancel.h"
#include "core/image/guest_space.h"

namespace drover {

struct StampExtent {
  std::uint64_t first;  // number of its first stamp
  std::uint64_t count;
  std::uint64_t address;      // of that stamp; the others follow `step` apart
  std::uint64_t blockOffset;  // likewise
  std::uint32_t block;
};

class StampSequence {
 public:
  explicit StampSequence(std::uint32_t step) noexcept : step_(step) {}

  // Behind what is there: stamps at start, start + step, ... below end, where the pieces cover
  // [start, end).
  [[nodiscard]] Status append(const RamImage& image, const std::vector<ImagePiece>& pieces,
                              std::uint64_t start, const CancelFlag& cancel) noexcept;

  [[nodiscard]] std::uint32_t step() const noexcept { return step_; }
  [[nodiscard]] std::uint64_t present() const noexcept { return present_; }
  [[nodiscard]] std::uint64_t absent() const noexcept { return absent_; }
  // `first` of absent extents is the number of the next stamp that is there.
  [[nodiscard]] const std::vector<StampExtent>& absentExtents() const noexcept {
    return absentExtents_;
  }

  // visit(StampExtent) -> Status for the parts of [first, first + count), in order.
  template <class Visit>
  [[nodiscard]] Status forEachPart(std::uint64_t first, std::uint64_t count,
                                   Visit visit) const noexcept {
    for (std::size_t i = indexOf(first); count > 0; ++i) {
      StampExtent part = extents_[i];
      const std::uint64_t skipped = first - part.first;
      part.first = first;
      part.address += skipped * step_;
      part.blockOffset += skipped * step_;
      part.count -= skipped;
      if (part.count > count) part.count = count;
      const Status status = visit(part);
      if (!status.ok()) return status;
      first += part.count;
      count -= part.count;
    }
    return {};
  }
  [[nodiscard]] std::uint64_t addressOf(std::uint64_t stamp) const noexcept {
    const StampExtent& extent = extents_[indexOf(stamp)];
    return extent.address + (stamp - extent.first) * step_;
  }

 private:
  void add(bool absent, StampExtent extent) noexcept;
  [[nodiscard]] std::size_t indexOf(std::uint64_t stamp) const noexcept;

  std::uint32_t step_;
  std::uint64_t present_ = 0;
  std::uint64_t absent_ = 0;
  std::vector<StampExtent> extents_;
  std::vector<StampExtent> absentExtents_;
};

}  // namespace drover
