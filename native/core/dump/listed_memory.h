// The addresses at which a dump lists memory, whether it holds the content or not. What it does not
// list is no memory: a hole below 4 GiB, or what devices have there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/image/ram_image.h"

namespace drover {

class ListedMemory {
 public:
  // In the order of `start`; both are multiples of the page size.
  void add(std::uint64_t start, std::uint64_t end) noexcept {
    if (!places_.empty() && start <= places_.back().address + places_.back().length) {
      AddressRange& last = places_.back();
      last.length = std::max(last.length, end - last.address);
    } else if (places_.size() <= kMostPlaces) {
      places_.push_back({start, start, end - start});
    }
  }
  // A list too long to be true counts for nothing: then all of [0, end) is memory.
  [[nodiscard]] std::vector<AddressRange> places(std::uint64_t end) && noexcept {
    if (places_.empty() || places_.size() > kMostPlaces) return {{0, 0, end}};
    return std::move(places_);
  }

 private:
  static constexpr std::size_t kMostPlaces = 65536;
  std::vector<AddressRange> places_;
};

}  // namespace drover
