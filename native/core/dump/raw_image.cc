#include "core/dump/raw_image.h"

#include <algorithm>

#include "core/image/address_map.h"

namespace drover {
namespace {

// Pages [first, end) that hold data.
struct Extent {
  std::uint64_t first;
  std::uint64_t end;
};

class RawTable final : public PageTable {
 public:
  RawTable(std::uint64_t start, std::uint32_t pageBytes, std::uint64_t pages,
           std::vector<Extent> data) noexcept
      : start_(start), pageBytes_(pageBytes), pages_(pages), data_(std::move(data)) {}

  [[nodiscard]] PageRun runAt(std::uint64_t page) const noexcept override {
    const auto next =
        std::upper_bound(data_.begin(), data_.end(), page,
                         [](std::uint64_t wanted, const Extent& e) { return wanted < e.end; });
    PageRun run;
    if (next == data_.end() || page < next->first) {
      run.kind = PageKind::zero;
      run.pages = (next == data_.end() ? pages_ : next->first) - page;
      return run;
    }
    run.kind = PageKind::stored;
    run.pages = next->end - page;
    run.offset = start_ + page * pageBytes_;
    run.stride = pageBytes_;
    return run;
  }

  [[nodiscard]] std::uint64_t indexBytes() const noexcept override {
    return sizeof *this + data_.capacity() * sizeof(Extent);
  }

 private:
  std::uint64_t start_;
  std::uint64_t pageBytes_;
  std::uint64_t pages_;
  std::vector<Extent> data_;
};

// A page that is data in part is data.
std::vector<Extent> findData(const InputFile& file, std::uint64_t start, std::uint64_t pageBytes,
                             const CancelFlag& cancel) noexcept {
  std::vector<Extent> extents;
  for (std::uint64_t at = start; at < file.size() && !cancel.isSet();) {
    const std::uint64_t data = std::max(file.nextData(at), at);
    if (data >= file.size()) break;
    // A hole right where data was said to be: the file is changing. What remains counts as data.
    const std::uint64_t hole = file.nextHole(data);
    const std::uint64_t end = hole > data ? hole : file.size();
    const Extent found{(data - start) / pageBytes, (end - start + pageBytes - 1) / pageBytes};
    if (!extents.empty() && found.first <= extents.back().end) {
      extents.back().end = std::max(extents.back().end, found.end);
    } else {
      extents.push_back(found);
    }
    at = end;
  }
  return extents;
}

}  // namespace

ParseError openRaw(RamImage& image, const OpenOptions& options, const CancelFlag& cancel) noexcept {
  if (image.inputs.size() != 1) return {"raw memory is one file", 1, 0, true};
  const InputFile& file = image.inputs[0];
  const std::uint64_t start = options.fileOffset;
  if (start >= file.size())
    return {"the file holds nothing from that offset on", 0, file.size(), true};
  const std::uint32_t pageBytes = options.pageBytes.value_or(4096);
  const std::uint64_t length = file.size() - start;
  if (length % pageBytes != 0) {
    return {
        "no known format starts here, and as raw memory its size is no multiple of the page size",
        0, file.size() - length % pageBytes, true};
  }
  RamBlock block;
  block.name = "memory";
  block.length = length;
  block.pageBytes = pageBytes;
  block.places = options.places;
  const char* wrong = wrongPlaces(block.places, length);
  if (wrong != nullptr) return {wrong, 0, 0, true};
  if (block.places.empty()) {
    block.places = placesOf(options.machine, options.arch, length, std::nullopt);
  }
  if (block.places.empty()) {
    std::uint64_t end = 0;
    if (__builtin_add_overflow(options.rawAddress, length, &end)) {
      return {"the address is too high for so much memory", 0, 0, true};
    }
    block.places = {{options.rawAddress, 0, length}};
  }
  block.table = std::make_unique<RawTable>(start, pageBytes, length / pageBytes,
                                           findData(file, start, pageBytes, cancel));
  image.blocks.push_back(std::move(block));
  return {};
}

}  // namespace drover
