// Maps guest addresses to a file or a process: a few contiguous regions, with holes between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/status.h"

namespace drover {

// Guest addresses [address, address + size) lie at `target`: an offset or a host address.
struct Region {
  std::uint64_t address;
  std::uint64_t size;
  std::uint64_t target;
};

// `count` bytes, `step` apart. With step 1 it is an ordinary span.
struct Strided {
  std::uint64_t address;
  std::uint64_t step;
  std::size_t count;
};

// The part of a Strided that lies in one region.
struct Piece {
  std::uint64_t target;
  std::size_t firstIndex;
  std::size_t count;
};

class RegionTable {
 public:
  RegionTable() = default;
  // Refuses no regions at all, empty ones, overlaps and sums beyond 64 bits.
  static Result<RegionTable> make(std::vector<Region> regions) noexcept;

  [[nodiscard]] std::uint64_t firstAddress() const noexcept { return regions_.front().address; }
  // Targets lie below this.
  [[nodiscard]] std::uint64_t targetEnd() const noexcept;

  // Calls visit(Piece) -> Status in address order and stops at the first failure.
  template <class Visit>
  [[nodiscard]] Status forEachPiece(const Strided& wanted, Visit visit) const noexcept {
    std::size_t done = 0;
    while (done < wanted.count) {
      const std::uint64_t address = wanted.address + done * wanted.step;
      const Region* region = find(address);
      if (region == nullptr) return Status::at(Fault::outOfRange, address);
      const std::uint64_t inside = address - region->address;
      const std::uint64_t fits = (region->size - inside - 1) / wanted.step + 1;
      const std::size_t left = wanted.count - done;
      const std::size_t count = fits < left ? static_cast<std::size_t>(fits) : left;
      const Status status = visit(Piece{region->target + inside, done, count});
      if (!status.ok()) return status;
      done += count;
    }
    return {};
  }

 private:
  [[nodiscard]] const Region* find(std::uint64_t address) const noexcept;
  std::vector<Region> regions_;  // by address
};

}  // namespace drover
