#include "core/ram/regions.h"

#include <algorithm>
#include <utility>

namespace drover {
namespace {

bool overflows(std::uint64_t start, std::uint64_t size) noexcept {
  std::uint64_t end = 0;
  return __builtin_add_overflow(start, size, &end);
}

}  // namespace

Result<RegionTable> RegionTable::make(std::vector<Region> regions) noexcept {
  using Made = Result<RegionTable>;
  if (regions.empty()) return Made::failed(Status::of(Fault::badArgument, "no regions"));
  std::sort(regions.begin(), regions.end(),
            [](const Region& a, const Region& b) { return a.address < b.address; });
  std::uint64_t previousEnd = 0;
  for (const Region& region : regions) {
    if (region.size == 0) return Made::failed(Status::of(Fault::badArgument, "an empty region"));
    if (overflows(region.address, region.size) || overflows(region.target, region.size)) {
      return Made::failed(Status::of(Fault::badArgument, "a region beyond 64 bits"));
    }
    if (region.address < previousEnd) {
      return Made::failed(Status::of(Fault::badArgument, "overlapping regions"));
    }
    previousEnd = region.address + region.size;
  }
  RegionTable table;
  table.regions_ = std::move(regions);
  return Made::of(std::move(table));
}

std::uint64_t RegionTable::targetEnd() const noexcept {
  std::uint64_t end = 0;
  for (const Region& region : regions_) end = std::max(end, region.target + region.size);
  return end;
}

const Region* RegionTable::find(std::uint64_t address) const noexcept {
  auto after = std::upper_bound(
      regions_.begin(), regions_.end(), address,
      [](std::uint64_t wanted, const Region& region) { return wanted < region.address; });
  if (after == regions_.begin()) return nullptr;
  const Region& candidate = *--after;
  return address - candidate.address < candidate.size ? &candidate : nullptr;
}

}  // namespace drover
